#include "server/launcher/worker_search.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_identity.h"
#include "engine/base/file_system.h"

namespace kur::server {
namespace {

constexpr int64_t kMaxCommandLineBytes = 1 << 20;

bool BelongsToThisUser(const std::string& directory) {
  struct stat info;
  return stat(directory.c_str(), &info) == 0 && info.st_uid == geteuid();
}

}  // namespace

bool IsWorkerCommandLine(absl::string_view cmdline, const std::string& run_directory,
                         const std::string& run_directory_id) {
  const std::vector<absl::string_view> arguments = absl::StrSplit(cmdline, '\0');
  const std::vector<absl::string_view> wanted = {"--run-directory", run_directory,
                                                 "--run-directory-id", run_directory_id};
  return std::search(arguments.begin(), arguments.end(), wanted.begin(), wanted.end()) !=
         arguments.end();
}

std::optional<ProcessIdentity> FindWorkerProcess(const std::string& run_directory) {
  const auto boot_id = ReadBootId();
  const auto names = ListDirectory("/proc");
  const auto directory_id = FileIdentity(run_directory);
  if (!boot_id.ok() || !names.ok() || !directory_id.ok()) return std::nullopt;
  for (const std::string& name : *names) {
    ProcessIdentity identity;
    if (!absl::SimpleAtoi(name, &identity.pid)) continue;
    const std::string directory = "/proc/" + name;
    if (!BelongsToThisUser(directory)) continue;
    const auto cmdline = FileSystem::Posix().Read(directory + "/cmdline", kMaxCommandLineBytes);
    if (!cmdline.ok() || !IsWorkerCommandLine(*cmdline, run_directory, *directory_id)) {
      continue;
    }
    const auto process = ReadProcessStat(identity.pid);
    // A copy that a worker has made of itself has the same command line for a moment.
    if (!process.ok() || process->process_group != identity.pid) continue;
    identity.start_ticks = process->start_ticks;
    identity.boot_id = *boot_id;
    identity.run_directory_id = *directory_id;
    return identity;
  }
  return std::nullopt;
}

}  // namespace kur::server
