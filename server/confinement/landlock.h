#ifndef KUR_SERVER_CONFINEMENT_LANDLOCK_H_
#define KUR_SERVER_CONFINEMENT_LANDLOCK_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/unique_fd.h"
#include "server/confinement/file_rules.h"

namespace kur::server {

// Landlock: a process gives up, for itself and for all that it will start, every right to files but
// those that it lists. Nothing gives the rights back. All functions are thread-safe.

// The version that a worker needs: the first that lets a file have two names in two folders.
constexpr int kNeededLandlock = 2;

// Returns the version of Landlock that this kernel has; 0 if it has none.
int LandlockVersion();

// Prepares a confinement to the files of `rules`. Where the kernel knows more than version 2, the
// confined process also waits for no TCP connections, and neither signals processes nor reaches
// abstract sockets outside of its confinement. FAILED_PRECONDITION if the kernel has less.
absl::StatusOr<UniqueFd> PrepareConfinement(const std::vector<FileRule>& rules);

// Adds the rules for kProcessFiles, leaves these files open, and confines the calling thread and
// what it starts from now on. Returns 0, else the number of an error. Safe between fork and exec.
int EnterConfinement(int prepared);

// Prepares a confinement and enters it. Existing confinements stay in force.
absl::Status ConfineFiles(const std::vector<FileRule>& rules);

}  // namespace kur::server

#endif  // KUR_SERVER_CONFINEMENT_LANDLOCK_H_
