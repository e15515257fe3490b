#ifndef KUR_SERVER_LAUNCHER_PROCESS_H_
#define KUR_SERVER_LAUNCHER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/unique_fd.h"
#include "server/launcher/launcher.h"

namespace kur::server {

// Names one process for ever: a process id alone is used again by the kernel.
struct ProcessIdentity {
  int64_t pid = 0;
  uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat
  std::string boot_id;       // /proc/sys/kernel/random/boot_id
  // FileIdentity() of the run directory that the worker was started in, which stays its working
  // directory: so nothing else can be known by it while the worker lives. Empty: not known.
  std::string run_directory_id;
};

// Returns the handle of a worker that is a process of this machine, as the store keeps it:
// "PID START_TICKS BOOT_ID RUN_DIRECTORY_ID".
WorkerHandle ToHandle(const ProcessIdentity& identity);

// Returns what ToHandle() was given; an earlier kurd left out the last field. FAILED_PRECONDITION
// for a handle of another launcher.
absl::StatusOr<ProcessIdentity> ParseHandle(const WorkerHandle& worker);

// What the kernel tells of a process in /proc/PID/stat.
struct ProcessStat {
  int64_t process_group = 0;
  uint64_t start_ticks = 0;
};

// Parses the text of /proc/PID/stat, whose second field is a name that may hold anything.
absl::StatusOr<ProcessStat> ParseProcessStat(absl::string_view text);

// NOT_FOUND if there is no such process.
absl::StatusOr<ProcessStat> ReadProcessStat(int64_t pid);

// Changes with every start of the machine.
absl::StatusOr<std::string> ReadBootId();

// A descriptor that stays with this process when its id is used again. Readable once the process
// has ended. NOT_FOUND if there is no such process, FAILED_PRECONDITION on a kernel without pidfds.
absl::StatusOr<UniqueFd> OpenPidfd(int64_t pid);

// True once the process has ended.
bool HasEnded(const UniqueFd& pidfd);

// Returns how an ended process ended. Reaps the process if it is a child of this one.
WorkerExit Reap(const UniqueFd& pidfd);

// Sends a signal to the process group that the process leads. NOT_FOUND if the process has ended.
// `pid` must be the process of `pidfd` and lead its group.
absl::Status SignalGroup(const UniqueFd& pidfd, pid_t pid, int signal);

}  // namespace kur::server

#endif  // KUR_SERVER_LAUNCHER_PROCESS_H_
