#ifndef KUR_SERVER_LAUNCHER_WORKER_SEARCH_H_
#define KUR_SERVER_LAUNCHER_WORKER_SEARCH_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "server/launcher/process.h"

namespace kur::server {

// Finds the worker of a run directory among the processes of this user by its command line.
std::optional<ProcessIdentity> FindWorkerProcess(const std::string& run_directory);

// Returns whether `cmdline` (the text of /proc/PID/cmdline) is that of a worker that was started in
// this very directory, and not in another one that had its name then.
bool IsWorkerCommandLine(absl::string_view cmdline, const std::string& run_directory,
                         const std::string& run_directory_id);

}  // namespace kur::server

#endif  // KUR_SERVER_LAUNCHER_WORKER_SEARCH_H_
