#ifndef KUR_SERVER_LAUNCHER_ORPHAN_WORKER_H_
#define KUR_SERVER_LAUNCHER_ORPHAN_WORKER_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "server/launcher/launcher.h"

namespace kur::server {

// Finds the worker of a run directory among the processes of this user by its command line. For the
// one case in which its identity is not in the store: kurd died between starting it and writing
// that down.
std::optional<WorkerIdentity> FindOrphanWorker(const std::string& run_directory);

// True if `cmdline` (the text of /proc/PID/cmdline) is that of a worker of this run directory.
bool IsWorkerCommandLine(absl::string_view cmdline, const std::string& run_directory);

}  // namespace kur::server

#endif  // KUR_SERVER_LAUNCHER_ORPHAN_WORKER_H_
