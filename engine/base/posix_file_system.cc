#include "engine/base/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace kur {
namespace {

class PosixWritableFile : public WritableFile {
 public:
  PosixWritableFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  absl::Status Append(absl::string_view data) override {
    while (!data.empty()) {
      const ssize_t written = write(fd_.get(), data.data(), data.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return FailedSystemCall("cannot write", path_);
      }
      data.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Truncate(int64_t size) override {
    return ftruncate(fd_.get(), size) == 0 ? absl::OkStatus()
                                           : FailedSystemCall("cannot truncate", path_);
  }

  absl::Status Sync() override {
    return fdatasync(fd_.get()) == 0 ? absl::OkStatus() : FailedSystemCall("cannot sync", path_);
  }

  absl::Status Close() override {
    return close(fd_.release()) == 0 ? absl::OkStatus() : FailedSystemCall("cannot close", path_);
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

class PosixRandomAccessFile : public RandomAccessFile {
 public:
  PosixRandomAccessFile(UniqueFd fd, std::string path)
      : fd_(std::move(fd)), path_(std::move(path)) {}

  absl::StatusOr<size_t> Read(int64_t offset, size_t size, char* to) const override {
    size_t have = 0;
    while (have < size) {
      const ssize_t got =
          pread(fd_.get(), to + have, size - have, offset + static_cast<int64_t>(have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return FailedSystemCall("cannot read", path_);
      if (got == 0) break;
      have += static_cast<size_t>(got);
    }
    return have;
  }

  absl::StatusOr<int64_t> Size() const override {
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) return FailedSystemCall("cannot stat", path_);
    return static_cast<int64_t>(info.st_size);
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

}  // namespace

absl::Status FailedSystemCall(absl::string_view what, const std::string& path) {
  return ErrnoToStatus(errno, absl::StrCat(what, " ", path));
}

absl::StatusOr<std::string> PosixFileSystem::Read(const std::string& path, int64_t max_bytes) {
  KUR_ASSIGN_OR_RETURN(const UniqueFd fd, Open(path, O_RDONLY, 0));
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return FailedSystemCall("cannot stat", path);
  if (S_ISDIR(info.st_mode)) return absl::InvalidArgumentError(path + " is a directory");
  std::string content;
  if (S_ISREG(info.st_mode)) {
    content.reserve(static_cast<size_t>(std::min<int64_t>(info.st_size, max_bytes)) + 1);
  }
  constexpr size_t kChunk = size_t{1} << 18;
  while (true) {
    const size_t have = content.size();
    content.resize(have + kChunk);
    const ssize_t got = read(fd.get(), &content[have], kChunk);
    if (got < 0 && errno != EINTR) return FailedSystemCall("cannot read", path);
    content.resize(have + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return content;
    if (static_cast<int64_t>(content.size()) > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, " has more than the ", max_bytes, " bytes allowed"));
    }
  }
}

absl::StatusOr<std::unique_ptr<RandomAccessFile>> PosixFileSystem::OpenForReading(
    const std::string& path) {
  KUR_ASSIGN_OR_RETURN(UniqueFd fd, Open(path, O_RDONLY, 0));
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return FailedSystemCall("cannot stat", path);
  if (S_ISDIR(info.st_mode)) return absl::InvalidArgumentError(path + " is a folder");
  return std::make_unique<PosixRandomAccessFile>(std::move(fd), path);
}

absl::StatusOr<std::unique_ptr<WritableFile>> PosixFileSystem::OpenForAppend(
    const std::string& path, bool truncate, int mode) {
  const int flags = O_WRONLY | O_CREAT | O_APPEND | (truncate ? O_TRUNC : 0);
  KUR_ASSIGN_OR_RETURN(UniqueFd fd, Open(path, flags, static_cast<mode_t>(mode)));
  return std::make_unique<PosixWritableFile>(std::move(fd), path);
}

absl::Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  KUR_ASSIGN_OR_RETURN(const Place old_place, Locate(from));
  KUR_ASSIGN_OR_RETURN(const Place place, Locate(to));
  if (renameat(old_place.at(), old_place.name.c_str(), place.at(), place.name.c_str()) == 0) {
    return absl::OkStatus();
  }
  return FailedSystemCall("cannot rename to", to);
}

absl::Status PosixFileSystem::Link(const std::string& from, const std::string& to) {
  KUR_ASSIGN_OR_RETURN(const Place old_place, Locate(from));
  KUR_ASSIGN_OR_RETURN(const Place place, Locate(to));
  if (linkat(old_place.at(), old_place.name.c_str(), place.at(), place.name.c_str(), 0) == 0) {
    return absl::OkStatus();
  }
  return FailedSystemCall("cannot link", to);
}

absl::Status PosixFileSystem::Remove(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const Place place, Locate(path));
  return unlinkat(place.at(), place.name.c_str(), 0) == 0 ? absl::OkStatus()
                                                          : FailedSystemCall("cannot remove", path);
}

absl::Status PosixFileSystem::MakeDirectory(const std::string& path, int mode) {
  KUR_ASSIGN_OR_RETURN(const Place place, Locate(path));
  return mkdirat(place.at(), place.name.c_str(), static_cast<mode_t>(mode)) == 0
             ? absl::OkStatus()
             : FailedSystemCall("cannot create the directory", path);
}

absl::Status PosixFileSystem::SyncDirectory(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const UniqueFd fd, Open(path, O_RDONLY | O_DIRECTORY, 0));
  return fsync(fd.get()) == 0 ? absl::OkStatus()
                              : FailedSystemCall("cannot sync the directory", path);
}

absl::Status PosixFileSystem::SyncAll(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const UniqueFd fd, Open(path, O_RDONLY | O_DIRECTORY, 0));
  return syncfs(fd.get()) == 0 ? absl::OkStatus()
                               : FailedSystemCall("cannot sync the disk of", path);
}

bool PosixFileSystem::Exists(const std::string& path) {
  struct stat info;
  return !absl::IsNotFound(Stat(path, &info));
}

bool PosixFileSystem::IsDirectory(const std::string& path) {
  struct stat info;
  return Stat(path, &info).ok() && S_ISDIR(info.st_mode);
}

absl::StatusOr<int64_t> PosixFileSystem::FileSize(const std::string& path) {
  struct stat info;
  KUR_RETURN_IF_ERROR(Stat(path, &info));
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(path + " is not a regular file");
  return static_cast<int64_t>(info.st_size);
}

absl::StatusOr<std::vector<std::string>> PosixFileSystem::ListDirectory(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(UniqueFd fd, Open(path, O_RDONLY | O_DIRECTORY, 0));
  DIR* directory = fdopendir(fd.get());
  if (directory == nullptr) return FailedSystemCall("cannot list", path);
  fd.release();
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<UniqueFd> PosixFileSystem::Open(const std::string& path, int flags, mode_t mode) {
  UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd.valid()) return FailedSystemCall("cannot open", path);
  return fd;
}

absl::StatusOr<PosixFileSystem::Place> PosixFileSystem::Locate(const std::string& path) {
  return Place{UniqueFd(), path};
}

absl::Status PosixFileSystem::Stat(const std::string& path, struct stat* info) {
  return stat(path.c_str(), info) == 0 ? absl::OkStatus() : FailedSystemCall("cannot stat", path);
}

}  // namespace kur
