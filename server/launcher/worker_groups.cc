#include "server/launcher/worker_groups.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

constexpr char kDaemonGroup[] = "daemon";
constexpr char kJobPrefix[] = "job-";
constexpr int64_t kMaxFileBytes = int64_t{1} << 20;
// How long to wait for killed processes to leave a group.
constexpr int kRemovals = 100;
constexpr std::chrono::milliseconds kRemovalInterval(10);

std::string ReadText(const std::string& file) {
  return FileSystem::Posix().Read(file, kMaxFileBytes).value_or("");
}

absl::Status WriteText(const std::string& file, const std::string& text) {
  // The file is there in a group; a test's folder gets it.
  const UniqueFd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (fd.valid() &&
      write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
    return absl::OkStatus();
  }
  return ErrnoToStatus(errno, absl::StrCat("cannot write '", text, "' to ", file));
}

// Returns the number after `key` in a file of lines "KEY NUMBER"; 0 without one.
int64_t Number(const std::string& file, const std::string& key) {
  const std::string text = ReadText(file);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    int64_t number = 0;
    if (absl::ConsumePrefix(&line, key + " ") && absl::SimpleAtoi(line, &number)) return number;
  }
  return 0;
}

// systemd marks what it delegates.
bool IsDelegated(const std::string& folder) {
  for (const char* name : {"user.delegate", "trusted.delegate"}) {
    std::array<char, 8> value = {};
    if (getxattr(folder.c_str(), name, value.data(), value.size()) == 1 && value[0] == '1') {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<std::string> WorkerGroups::FindDelegated(const std::string& mount,
                                                        const std::string& own) {
  for (absl::string_view line : absl::StrSplit(own, '\n')) {
    if (!absl::ConsumePrefix(&line, "0::")) continue;
    const std::string folder = absl::StrCat(mount, line);
    const std::string delegated = DirectoryOf(folder);
    if (BaseName(folder) != kDaemonGroup || !IsDelegated(delegated)) {
      return absl::FailedPreconditionError(
          absl::StrCat("the control group ", line,
                       " is none that systemd has delegated to kurd with "
                       "Delegate=memory pids and DelegateSubgroup=",
                       kDaemonGroup));
    }
    const std::string controllers = ReadText(delegated + "/cgroup.controllers");
    for (const auto name : absl::StrSplit(controllers, absl::ByAnyChar(" \n"))) {
      if (name == "memory") return delegated;
    }
    return absl::FailedPreconditionError(
        absl::StrCat("the control group ", line, " has no memory controller"));
  }
  return absl::FailedPreconditionError("this machine has no cgroup v2");
}

bool WorkerGroups::RemoveFolder(const std::string& folder) {
  return rmdir(folder.c_str()) == 0 || errno == ENOENT;
}

absl::StatusOr<std::unique_ptr<WorkerGroups>> WorkerGroups::Open(const std::string& folder,
                                                                 RemoveGroup remove) {
  std::unique_ptr<WorkerGroups> groups(new WorkerGroups(folder, std::move(remove)));
  KUR_RETURN_IF_ERROR(groups->Vacate());
  KUR_RETURN_IF_ERROR(WriteText(folder + "/cgroup.subtree_control", "+memory"));
  // Without it there is no limit of threads, which is the smaller loss.
  WriteText(folder + "/cgroup.subtree_control", "+pids").IgnoreError();
  groups->RemoveLeftovers();
  return groups;
}

// Moves until nothing is left: a process may fork meanwhile.
absl::Status WorkerGroups::Vacate() {
  constexpr int kRounds = 10;
  const std::string daemon = Folder(kDaemonGroup);
  if (mkdir(daemon.c_str(), 0755) != 0 && errno != EEXIST) {
    return ErrnoToStatus(errno, "cannot create the control group " + daemon);
  }
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = ReadText(folder_ + "/cgroup.procs");
    if (text.empty()) return absl::OkStatus();
    for (const auto process : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      // One that has ended needs no place.
      absl::Status moved = WriteText(daemon + "/cgroup.procs", std::string(process));
      if (!moved.ok() && Exists(absl::StrCat("/proc/", process))) return moved;
    }
  }
  return absl::FailedPreconditionError("processes stay in the control group " + folder_);
}

void WorkerGroups::RemoveLeftovers() {
  for (const std::string& name : ListDirectory(folder_).value_or(std::vector<std::string>())) {
    if (!absl::StartsWith(name, kJobPrefix) || RanOutOfMemory(name)) continue;
    // Fails, as it should, for a worker that runs.
    if (Number(Folder(name) + "/cgroup.events", "populated") == 0) remove_(Folder(name));
  }
}

absl::Status WorkerGroups::Apply(const std::string& name, const GroupLimits& limits) const {
  const std::string folder = Folder(name);
  if (limits.memory_bytes > 0) {
    KUR_RETURN_IF_ERROR(WriteText(folder + "/memory.max", absl::StrCat(limits.memory_bytes)));
    // A machine that swaps for one job is slow for all. The file is only there with swap.
    WriteText(folder + "/memory.swap.max", "0").IgnoreError();
  }
  KUR_RETURN_IF_ERROR(WriteText(folder + "/memory.oom.group", limits.ends_together ? "1" : "0"));
  WriteText(folder + "/pids.max", absl::StrCat(limits.threads)).IgnoreError();
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> WorkerGroups::Create(const std::string& name, const GroupLimits& limits) {
  const absl::MutexLock lock(&mutex_);
  RemoveEnded();
  ending_.erase(name);
  const std::string folder = Folder(name);
  for (int i = 0; !remove_(folder) && i < kRemovals; ++i) {
    WriteText(folder + "/cgroup.kill", "1").IgnoreError();
    std::this_thread::sleep_for(kRemovalInterval);
  }
  if (mkdir(folder.c_str(), 0755) != 0) {
    return ErrnoToStatus(errno, "cannot create the control group " + folder);
  }
  KUR_RETURN_IF_ERROR(Apply(name, limits));
  UniqueFd processes(
      open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!processes.valid()) return ErrnoToStatus(errno, "cannot use the control group " + folder);
  return processes;
}

int64_t WorkerGroups::MemoryOf(const std::string& name) const {
  int64_t bytes = 0;
  const bool limited = absl::SimpleAtoi(ReadText(Folder(name) + "/memory.max"), &bytes);
  return limited ? bytes : 0;
}

absl::Status WorkerGroups::Move(pid_t process, const std::string& name) {
  return WriteText(Folder(name) + "/cgroup.procs", absl::StrCat(process));
}

bool WorkerGroups::RanOutOfMemory(const std::string& name) const {
  return Number(Folder(name) + "/memory.events", "oom_kill") > 0;
}

void WorkerGroups::Remove(const std::string& name) {
  const absl::MutexLock lock(&mutex_);
  ending_.insert(name);
  RemoveEnded();
}

void WorkerGroups::RemoveEnded() {
  for (auto name = ending_.begin(); name != ending_.end();) {
    name = remove_(Folder(*name)) ? ending_.erase(name) : std::next(name);
  }
}

}  // namespace kur::server
