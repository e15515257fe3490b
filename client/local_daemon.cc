#include "client/local_daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace kur::client {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(30);
constexpr absl::Duration kPollInterval = absl::Milliseconds(50);
constexpr absl::Duration kInfoTimeout = absl::Seconds(5);
constexpr size_t kLogTailBytes = 2000;
constexpr int64_t kMaxLockBytes = 4096;

// Returns what was appended to a log after its first `start` bytes, at most the last kLogTailBytes.
std::string LogTail(const std::string& path, int64_t start) {
  const auto content = FileSystem::Posix().Read(path);
  if (!content.ok()) return "";
  std::string tail = content->substr(std::min<size_t>(start, content->size()));
  if (tail.size() > kLogTailBytes) tail = tail.substr(tail.size() - kLogTailBytes);
  absl::StripAsciiWhitespace(&tail);
  return tail;
}

std::string DescribeExit(int status) {
  if (WIFSIGNALED(status)) return absl::StrCat("was ended by signal ", WTERMSIG(status));
  return absl::StrCat("ended with status ", WEXITSTATUS(status));
}

// Starts a program that outlives kurctl: in a session of its own, without a terminal, with its
// output in `log`.
absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& command, const std::string& log) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t defaults;
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return ErrnoToStatus(error, command[0]);
  return pid;
}

// Returns whether /proc/locks lists a lock of the process on that file. Compares no device numbers:
// on layered file systems stat() and the kernel's list differ.
bool HoldsLock(pid_t pid, const struct stat& file) {
  const std::string inode = absl::StrCat(":", file.st_ino);
  std::ifstream locks("/proc/locks");
  std::string line;
  while (std::getline(locks, line)) {
    // "1: FLOCK  ADVISORY  WRITE 708 00:16:545 0 EOF". A waiting lock has "->" as its second word.
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() >= 6 && words[4] == absl::StrCat(pid) && absl::EndsWith(words[5], inode)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string LocalDaemon::log() const { return JoinPath(state_directory_, "kurd.log"); }
std::string LocalDaemon::socket() const { return SocketPath(state_directory_); }
std::string LocalDaemon::lock_file() const { return JoinPath(state_directory_, "kurd.lock"); }

absl::StatusOr<std::unique_ptr<Connection>> LocalDaemon::Connect() const {
  Settings settings;
  settings.server.path = socket();
  settings.is_default_server = true;
  return Connection::Open(settings);
}

absl::StatusOr<v1::ServerInfo> LocalDaemon::GetInfo() const {
  KUR_ASSIGN_OR_RETURN(const auto connection, Connect());
  return connection->Call(&v1::System::Stub::GetServerInfo, v1::GetServerInfoRequest(),
                          kInfoTimeout);
}

absl::StatusOr<v1::ServerInfo> LocalDaemon::Start(const std::string& kurd,
                                                  const std::string& devices,
                                                  const std::string& secrets_key) {
  KUR_RETURN_IF_ERROR(FileSystem::Posix().MakeDirectories(state_directory_, 0700));
  std::vector<std::string> command = {kurd,
                                      "--state-dir",
                                      state_directory_,
                                      "--listen",
                                      absl::StrCat("unix:", socket()),
                                      "--data-root",
                                      "/"};
  if (!devices.empty()) command.insert(command.end(), {"--devices", devices});
  if (!secrets_key.empty()) command.insert(command.end(), {"--secrets-key", secrets_key});
  const int64_t log_start = FileSize(log()).value_or(0);
  KUR_ASSIGN_OR_RETURN(const pid_t pid, Spawn(command, log()));
  return WaitUntilServing(pid, log_start);
}

absl::StatusOr<v1::ServerInfo> LocalDaemon::WaitUntilServing(pid_t pid, int64_t log_start) {
  const absl::Time end = clock_.Now() + kStartTimeout;
  while (clock_.Now() < end) {
    if (auto info = GetInfo(); info.ok()) return info;
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) == pid) {
      return absl::InternalError(absl::StrCat("kurd ", DescribeExit(status),
                                              " instead of starting; ", log(), " says:\n",
                                              LogTail(log(), log_start)));
    }
    clock_.SleepFor(kPollInterval);
  }
  return absl::DeadlineExceededError(absl::StrCat("kurd (process ", pid, ") does not answer after ",
                                                  absl::FormatDuration(kStartTimeout), "; see ",
                                                  log()));
}

absl::StatusOr<pid_t> LocalDaemon::LockHolder() const {
  KUR_ASSIGN_OR_RETURN(const std::string content,
                       FileSystem::Posix().Read(lock_file(), kMaxLockBytes));
  struct stat file = {};
  if (stat(lock_file().c_str(), &file) != 0) return ErrnoToStatus(errno, lock_file());
  pid_t pid = 0;
  if (!absl::SimpleAtoi(content, &pid) || pid <= 1 || !HoldsLock(pid, file)) {
    return absl::NotFoundError(absl::StrCat("no kurd holds ", lock_file()));
  }
  return pid;
}

absl::Status LocalDaemon::Stop(absl::Duration timeout) {
  KUR_ASSIGN_OR_RETURN(const pid_t pid, LockHolder());
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid()) {
    return ErrnoToStatus(errno == ESRCH ? ENOENT : errno, absl::StrCat("process ", pid));
  }
  // A process descriptor never refers to another process: if the process still holds the lock now,
  // it is kurd.
  KUR_ASSIGN_OR_RETURN(const pid_t holder, LockHolder());
  if (holder != pid) return absl::AbortedError("another kurd is being started; try again");
  if (syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0) != 0) {
    return ErrnoToStatus(errno == ESRCH ? ENOENT : errno, absl::StrCat("process ", pid));
  }
  const absl::Time end = clock_.Now() + timeout;
  while (clock_.Now() < end) {
    pollfd exited = {process.get(), POLLIN, 0};
    if (poll(&exited, 1, static_cast<int>(absl::ToInt64Milliseconds(kPollInterval))) > 0) {
      return absl::OkStatus();
    }
  }
  return absl::DeadlineExceededError(absl::StrCat("kurd (process ", pid,
                                                  ") has been asked to stop but is still there "
                                                  "after ",
                                                  absl::FormatDuration(timeout), "; see ", log()));
}

absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& program_folder,
                                        const std::string& path) {
  std::vector<std::string> folders = absl::StrSplit(path, ':', absl::SkipEmpty());
  folders.insert(folders.begin(), program_folder);
  for (const std::string& folder : folders) {
    const std::string candidate = JoinPath(folder, name);
    if (!IsDirectory(candidate) && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return absl::NotFoundError(
      absl::StrCat("cannot find ", name, ", neither in ", program_folder, " nor on $PATH"));
}

absl::StatusOr<std::string> LocalStateDirectory(const std::string& chosen,
                                                const Environment& environment) {
  const std::string path = chosen.empty() ? environment.StateDirectory() : chosen;
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return ErrnoToStatus(error.value(), path);
  return absolute.lexically_normal().string();
}

std::string ProgramFolder() {
  std::array<char, 4096> buffer;
  const ssize_t length = readlink("/proc/self/exe", buffer.data(), buffer.size());
  return length > 0 ? DirectoryOf(std::string(buffer.data(), static_cast<size_t>(length))) : ".";
}

}  // namespace kur::client
