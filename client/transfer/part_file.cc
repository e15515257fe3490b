#include "client/transfer/part_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

absl::StatusOr<PartFile> PartFile::Open(const std::string& target, const std::string& sha256,
                                        FileSystem& files) {
  PartFile part(files, target, sha256);
  const std::string& path = part.path_;
  KUR_ASSIGN_OR_RETURN(part.file_, files.OpenForAppend(path, /*truncate=*/false));
  part.lock_.reset(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!part.lock_.valid()) return ErrnoToStatus(errno, path);
  if (flock(part.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::AbortedError(absl::StrCat(path, " is being written by another kurctl"));
  }
  KUR_ASSIGN_OR_RETURN(part.size_, files.FileSize(path));
  return part;
}

PartFile::PartFile(FileSystem& files, std::string target, std::string sha256)
    : files_(&files),
      target_(std::move(target)),
      sha256_(std::move(sha256)),
      path_(PartPath(target_, sha256_)) {}

absl::Status PartFile::Append(absl::string_view data) {
  KUR_RETURN_IF_ERROR(file_->Append(data));
  size_ += static_cast<int64_t>(data.size());
  return absl::OkStatus();
}

absl::Status PartFile::Clear() {
  KUR_RETURN_IF_ERROR(file_->Truncate(0));
  size_ = 0;
  return absl::OkStatus();
}

absl::Status PartFile::Finish() {
  absl::Status synced = file_->Sync();
  if (!synced.ok()) {
    // The page cache may still hold what the disk has lost: nobody may continue from the part.
    files_->Remove(path_).IgnoreError();
    return synced;
  }
  KUR_ASSIGN_OR_RETURN(const std::string digest, Sha256OfFile(path_));
  if (digest != sha256_) {
    KUR_RETURN_IF_ERROR(Clear());
    return absl::DataLossError(absl::StrCat(target_, " was damaged on the way: its SHA-256 is ",
                                            digest, ", not ", sha256_));
  }
  KUR_RETURN_IF_ERROR(files_->Rename(path_, target_));
  KUR_RETURN_IF_ERROR(files_->SyncDirectory(DirectoryOf(target_)));
  RemoveOtherParts();
  return absl::OkStatus();
}

void PartFile::RemoveOtherParts() const {
  const std::string folder = DirectoryOf(target_);
  const std::string prefix = BaseName(target_) + ".";
  const auto names = files_->ListDirectory(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const bool is_part = absl::StartsWith(name, prefix) && absl::EndsWith(name, kSuffix) &&
                         name.size() == prefix.size() + kDigestChars + sizeof(kSuffix) - 1;
    // Leftover parts cost space, nothing more: a failure to remove one does not fail the download.
    if (is_part) files_->Remove(JoinPath(folder, name)).IgnoreError();
  }
}

void RemovePart(const std::string& target, const std::string& sha256) {
  FileSystem::Posix().Remove(PartPath(target, sha256)).IgnoreError();
}

}  // namespace kur::client
