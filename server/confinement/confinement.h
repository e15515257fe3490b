#ifndef KUR_SERVER_CONFINEMENT_CONFINEMENT_H_
#define KUR_SERVER_CONFINEMENT_CONFINEMENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace kur::server {

// Returns what this kernel lacks to confine workers, and what follows, one sentence each. Empty
// where workers can be confined. Thread-safe.
std::vector<std::string> MissingFeatures();

// Both of the following do what the kernel can, and make the process one that nobody can trace and
// that leaves no core. For a process that has one thread and has read nothing of a stranger yet.

// Takes from this process what a worker does without: sockets, other processes, programs, and more
// (see syscall_filter.h). Which files it may open has been decided before it was executed.
absl::Status ConfineWorker();

// Takes from this process what one that only connects to other machines does without: nearly all
// files, programs, and more.
absl::Status ConfineBroker();

}  // namespace kur::server

#endif  // KUR_SERVER_CONFINEMENT_CONFINEMENT_H_
