#include "client/transfer/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

constexpr size_t kDigestChars = 16;
constexpr char kSuffix[] = ".part";

std::string PartPath(const std::string& target, const std::string& sha256) {
  return absl::StrCat(target, ".", sha256.substr(0, kDigestChars), kSuffix);
}

}  // namespace

PartFile::PartFile(std::string target, std::string sha256, std::string path, UniqueFd fd,
                   int64_t size)
    : target_(std::move(target)),
      sha256_(std::move(sha256)),
      path_(std::move(path)),
      fd_(std::move(fd)),
      size_(size) {}

absl::StatusOr<PartFile> PartFile::Open(const std::string& target, const std::string& sha256) {
  const std::string path = PartPath(target, sha256);
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd.valid()) return ErrnoToStatus(errno, path);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::AbortedError(absl::StrCat(path, " is being written by another kurctl"));
  }
  struct stat info = {};
  if (fstat(fd.get(), &info) != 0) return ErrnoToStatus(errno, path);
  return PartFile(target, sha256, path, std::move(fd), info.st_size);
}

absl::Status PartFile::Append(absl::string_view data) {
  while (!data.empty()) {
    const ssize_t written = write(fd_.get(), data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoToStatus(errno, path_);
    size_ += written;
    data.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status PartFile::Clear() {
  if (ftruncate(fd_.get(), 0) != 0) return ErrnoToStatus(errno, path_);
  size_ = 0;
  return absl::OkStatus();
}

absl::Status PartFile::Finish() {
  if (fsync(fd_.get()) != 0) return ErrnoToStatus(errno, path_);
  KUR_ASSIGN_OR_RETURN(const std::string digest, Sha256OfFile(path_));
  if (digest != sha256_) {
    KUR_RETURN_IF_ERROR(Clear());
    return absl::DataLossError(absl::StrCat(target_, " was damaged on the way: its SHA-256 is ",
                                            digest, ", not ", sha256_));
  }
  KUR_RETURN_IF_ERROR(FileSystem::Posix().Rename(path_, target_));
  KUR_RETURN_IF_ERROR(FileSystem::Posix().SyncDirectory(DirectoryOf(target_)));
  RemoveOtherParts();
  return absl::OkStatus();
}

void PartFile::RemoveOtherParts() const {
  const std::string folder = DirectoryOf(target_);
  const std::string prefix = BaseName(target_) + ".";
  const auto names = ListDirectory(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const bool is_part = absl::StartsWith(name, prefix) && absl::EndsWith(name, kSuffix) &&
                         name.size() == prefix.size() + kDigestChars + sizeof(kSuffix) - 1;
    // Left-overs cost space, nothing more: a failure to remove one is no failure of the download.
    if (is_part) FileSystem::Posix().Remove(JoinPath(folder, name)).IgnoreError();
  }
}

void RemovePart(const std::string& target, const std::string& sha256) {
  FileSystem::Posix().Remove(PartPath(target, sha256)).IgnoreError();
}

}  // namespace kur::client
