#include "server/launcher/process.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

// Newer than the C library's headers.
constexpr int kPidfdIdType = 3;                    // P_PIDFD: Linux 5.4
constexpr unsigned kSignalProcessGroup = 1u << 2;  // PIDFD_SIGNAL_PROCESS_GROUP: Linux 6.9

// Fields of /proc/PID/stat, counted from the one after the name.
constexpr size_t kProcessGroupField = 2;
constexpr size_t kStartTicksField = 19;

absl::Status Gone() { return absl::NotFoundError("the process has ended"); }

int SendThroughPidfd(const UniqueFd& pidfd, int signal, unsigned flags) {
  return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, flags));
}

}  // namespace

WorkerHandle ToHandle(const ProcessIdentity& identity) {
  std::string text = absl::StrCat(identity.pid, " ", identity.start_ticks, " ", identity.boot_id);
  if (!identity.run_directory_id.empty()) absl::StrAppend(&text, " ", identity.run_directory_id);
  return {std::move(text)};
}

absl::StatusOr<ProcessIdentity> ParseHandle(const WorkerHandle& worker) {
  const std::vector<absl::string_view> fields = absl::StrSplit(worker.text, ' ');
  ProcessIdentity identity;
  if (fields.size() < 3 || fields.size() > 4 || !absl::SimpleAtoi(fields[0], &identity.pid) ||
      !absl::SimpleAtoi(fields[1], &identity.start_ticks)) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", worker.text, "' is not a worker of this machine"));
  }
  identity.boot_id = std::string(fields[2]);
  if (fields.size() == 4) identity.run_directory_id = std::string(fields[3]);
  return identity;
}

absl::StatusOr<ProcessStat> ParseProcessStat(absl::string_view text) {
  const size_t end_of_name = text.rfind(')');
  if (end_of_name == absl::string_view::npos) {
    return absl::DataLossError("the kernel's description of a process has no name");
  }
  const std::vector<absl::string_view> fields =
      absl::StrSplit(text.substr(end_of_name + 1), ' ', absl::SkipWhitespace());
  ProcessStat stat;
  if (fields.size() <= kStartTicksField ||
      !absl::SimpleAtoi(fields[kProcessGroupField], &stat.process_group) ||
      !absl::SimpleAtoi(fields[kStartTicksField], &stat.start_ticks)) {
    return absl::DataLossError("the kernel's description of a process is incomplete");
  }
  return stat;
}

absl::StatusOr<ProcessStat> ReadProcessStat(int64_t pid) {
  const auto text = FileSystem::Posix().Read(absl::StrCat("/proc/", pid, "/stat"));
  if (text.ok()) return ParseProcessStat(*text);
  // Reading the file of a process that ends meanwhile fails with ESRCH.
  if (kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) return Gone();
  return text.status();
}

absl::StatusOr<std::string> ReadBootId() {
  KUR_ASSIGN_OR_RETURN(std::string boot_id,
                       FileSystem::Posix().Read("/proc/sys/kernel/random/boot_id"));
  absl::StripAsciiWhitespace(&boot_id);
  return boot_id;
}

absl::StatusOr<UniqueFd> OpenPidfd(int64_t pid) {
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0)));
  if (pidfd.valid()) return pidfd;
  // EINVAL and ENOENT: by now it is the id of a thread.
  if (errno == ESRCH || errno == EINVAL || errno == ENOENT) {
    return absl::NotFoundError(absl::StrCat("there is no process ", pid));
  }
  if (errno == ENOSYS) {
    return absl::FailedPreconditionError(
        "this kernel cannot watch workers (it has no pidfd_open): kurd needs Linux 5.4 or newer");
  }
  return ErrnoToStatus(errno, absl::StrCat("watching process ", pid));
}

bool HasEnded(const UniqueFd& pidfd) {
  pollfd poller = {pidfd.get(), POLLIN, 0};
  return poll(&poller, 1, /*timeout=*/0) > 0;
}

WorkerExit Reap(const UniqueFd& pidfd) {
  siginfo_t info = {};
  WorkerExit exit;
  const int result =
      waitid(static_cast<idtype_t>(kPidfdIdType), pidfd.get(), &info, WEXITED | WNOHANG);
  if (result != 0 || info.si_pid == 0) return exit;  // somebody else's child
  exit.known = true;
  if (info.si_code == CLD_EXITED) {
    exit.exit_code = info.si_status;
  } else {
    exit.signal = info.si_status;
  }
  return exit;
}

absl::Status SignalGroup(const UniqueFd& pidfd, pid_t pid, int signal) {
  if (HasEnded(pidfd)) return Gone();
  int result = SendThroughPidfd(pidfd, signal, kSignalProcessGroup);
  if (result != 0 && errno == EINVAL) {
    // An older kernel: by the id of the group, which is not used again while its leader is there.
    result = SendThroughPidfd(pidfd, /*signal=*/0, /*flags=*/0);
    if (result == 0) result = kill(-pid, signal);
  }
  if (result == 0) return absl::OkStatus();
  if (errno == ESRCH) return Gone();
  return ErrnoToStatus(errno, absl::StrCat("sending signal ", signal, " to process ", pid));
}

}  // namespace kur::server
