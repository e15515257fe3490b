#include "engine/base/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace kur {
namespace {

absl::Status Failed(absl::string_view what, const std::string& path) {
  return ErrnoToStatus(errno, absl::StrCat(what, " ", path));
}

class PosixWritableFile : public WritableFile {
 public:
  PosixWritableFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  absl::Status Append(absl::string_view data) override {
    while (!data.empty()) {
      const ssize_t written = write(fd_.get(), data.data(), data.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return Failed("cannot write", path_);
      }
      data.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Truncate(int64_t size) override {
    return ftruncate(fd_.get(), size) == 0 ? absl::OkStatus() : Failed("cannot truncate", path_);
  }

  absl::Status Sync() override {
    return fdatasync(fd_.get()) == 0 ? absl::OkStatus() : Failed("cannot sync", path_);
  }

  absl::Status Close() override {
    return close(fd_.release()) == 0 ? absl::OkStatus() : Failed("cannot close", path_);
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
      if (got < 0) return Failed("cannot read", path_);
      if (got == 0) break;
      have += static_cast<size_t>(got);
    }
    return have;
  }

  absl::StatusOr<int64_t> Size() const override {
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) return Failed("cannot stat", path_);
    return static_cast<int64_t>(info.st_size);
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

class PosixFileSystem : public FileSystem {
 public:
  absl::StatusOr<std::string> Read(const std::string& path, int64_t max_bytes) override {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return Failed("cannot open", path);
    struct stat info;
    if (fstat(fd.get(), &info) != 0) return Failed("cannot stat", path);
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
      if (got < 0 && errno != EINTR) return Failed("cannot read", path);
      content.resize(have + static_cast<size_t>(std::max<ssize_t>(got, 0)));
      if (got == 0) return content;
      if (static_cast<int64_t>(content.size()) > max_bytes) {
        return absl::ResourceExhaustedError(
            absl::StrCat(path, " has more than the ", max_bytes, " bytes allowed"));
      }
    }
  }

  absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenForReading(
      const std::string& path) override {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return Failed("cannot open", path);
    return std::make_unique<PosixRandomAccessFile>(std::move(fd), path);
  }

  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                              bool truncate, int mode) override {
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (truncate ? O_TRUNC : 0);
    UniqueFd fd(open(path.c_str(), flags, mode));
    if (!fd.valid()) return Failed("cannot open", path);
    return std::make_unique<PosixWritableFile>(std::move(fd), path);
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    return rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus()
                                                 : Failed("cannot rename to", to);
  }

  absl::Status Link(const std::string& from, const std::string& to) override {
    return link(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : Failed("cannot link", to);
  }

  absl::Status Remove(const std::string& path) override {
    return unlink(path.c_str()) == 0 ? absl::OkStatus() : Failed("cannot remove", path);
  }

  absl::Status MakeDirectory(const std::string& path, int mode) override {
    return mkdir(path.c_str(), mode) == 0 ? absl::OkStatus()
                                          : Failed("cannot create the directory", path);
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return Failed("cannot open the directory", path);
    return fsync(fd.get()) == 0 ? absl::OkStatus() : Failed("cannot sync the directory", path);
  }

  absl::Status SyncAll(const std::string& path) override {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return Failed("cannot open the directory", path);
    return syncfs(fd.get()) == 0 ? absl::OkStatus() : Failed("cannot sync the disk of", path);
  }

  bool Exists(const std::string& path) override {
    struct stat info;
    return stat(path.c_str(), &info) == 0;
  }

  bool IsDirectory(const std::string& path) override {
    struct stat info;
    return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  }

  absl::StatusOr<int64_t> FileSize(const std::string& path) override {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return Failed("cannot stat", path);
    if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(path + " is not a regular file");
    return static_cast<int64_t>(info.st_size);
  }

  absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) override {
    DIR* directory = opendir(path.c_str());
    if (directory == nullptr) return Failed("cannot list", path);
    std::vector<std::string> names;
    while (const dirent* entry = readdir(directory)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
  }
};

}  // namespace

FileSystem& FileSystem::Posix() {
  static auto* files = new PosixFileSystem;
  return *files;
}

absl::Status FileSystem::MakeDirectories(const std::string& path, int mode) {
  absl::Status made = MakeDirectory(path, mode);
  if (absl::IsNotFound(made) && DirectoryOf(path) != path) {
    KUR_RETURN_IF_ERROR(MakeDirectories(DirectoryOf(path), mode));
    made = MakeDirectory(path, mode);
  }
  if (made.ok()) return SyncDirectory(DirectoryOf(path));
  return IsDirectory(path) ? absl::OkStatus() : made;
}

bool Exists(const std::string& path) { return FileSystem::Posix().Exists(path); }

bool IsDirectory(const std::string& path) { return FileSystem::Posix().IsDirectory(path); }

absl::StatusOr<int64_t> FileSize(const std::string& path) {
  return FileSystem::Posix().FileSize(path);
}

absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) {
  return FileSystem::Posix().ListDirectory(path);
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string JoinPath(const std::string& a, const std::string& b) {
  if (a.empty() || (!b.empty() && b[0] == '/')) return b;
  if (b.empty()) return a;
  return a.back() == '/' ? a + b : a + "/" + b;
}

absl::Status WriteFileAtomically(FileSystem& files, const std::string& path,
                                 absl::string_view content, int mode) {
  static std::atomic<int64_t> counter{0};
  const std::string temporary = absl::StrCat(path, ".tmp.", getpid(), ".", counter.fetch_add(1));
  absl::Status written = [&]() -> absl::Status {
    KUR_ASSIGN_OR_RETURN(auto file, files.OpenForAppend(temporary, /*truncate=*/true, mode));
    KUR_RETURN_IF_ERROR(file->Append(content));
    KUR_RETURN_IF_ERROR(file->Sync());
    KUR_RETURN_IF_ERROR(file->Close());
    return files.Rename(temporary, path);
  }();
  if (!written.ok()) {
    files.Remove(temporary).IgnoreError();
    return written;
  }
  return files.SyncDirectory(DirectoryOf(path));
}

absl::Status LinkAtomically(FileSystem& files, const std::string& from, const std::string& to) {
  KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(to)));
  const std::string temporary = absl::StrCat(to, ".link-", getpid());
  files.Remove(temporary).IgnoreError();
  KUR_RETURN_IF_ERROR(files.Link(from, temporary));
  const absl::Status renamed = files.Rename(temporary, to);
  // rename(2) does nothing if both names belong to the same file: the temporary name may remain.
  files.Remove(temporary).IgnoreError();
  KUR_RETURN_IF_ERROR(renamed);
  return files.SyncDirectory(DirectoryOf(to));
}

}  // namespace kur
