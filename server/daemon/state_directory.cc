#include "server/daemon/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

constexpr int kPrivateDirectory = 0700;

absl::Status WritePid(int fd) {
  const std::string text = absl::StrCat(getpid(), "\n");
  // In this order, so that the file of an earlier kurd needs no space on a full disk.
  if (pwrite(fd, text.data(), text.size(), 0) < 0 ||
      ftruncate(fd, static_cast<off_t>(text.size())) != 0) {
    return ErrnoToStatus(errno, "cannot write the lock file");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StateDirectory> StateDirectory::Lock(const std::string& path, FileSystem& files) {
  KUR_RETURN_IF_ERROR(files.MakeDirectories(path, kPrivateDirectory));
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) == nullptr) return ErrnoToStatus(errno, path);
  StateLayout layout{std::string(resolved)};
  if (chmod(resolved, kPrivateDirectory) != 0) {
    return ErrnoToStatus(errno, absl::StrCat("cannot close ", path, " to other users"));
  }
  UniqueFd lock(open(layout.lock_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return ErrnoToStatus(errno, "cannot open " + layout.lock_file());
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = files.Read(layout.lock_file(), 64).value_or("");
    return absl::FailedPreconditionError(
        absl::StrCat("another kurd (process ", absl::StripAsciiWhitespace(holder),
                     ") runs on the state directory ", layout.root()));
  }
  KUR_RETURN_IF_ERROR(WritePid(lock.get()));
  KUR_RETURN_IF_ERROR(files.MakeDirectories(layout.runs(), kPrivateDirectory));
  // Where a kurd of an earlier version read Kurfiles.
  std::error_code ignored;
  std::filesystem::remove_all(layout.root() + "/tmp", ignored);
  // A kurd that was killed may have written files, on which this one builds, without a sync.
  KUR_RETURN_IF_ERROR(files.SyncAll(layout.root()));
  return StateDirectory(std::move(layout), std::move(lock));
}

}  // namespace kur::server
