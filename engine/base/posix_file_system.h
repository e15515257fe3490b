#ifndef KUR_ENGINE_BASE_POSIX_FILE_SYSTEM_H_
#define KUR_ENGINE_BASE_POSIX_FILE_SYSTEM_H_

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/file_system.h"
#include "engine/base/unique_fd.h"

namespace kur {

// The file system of this machine. How a path is walked is for subclasses to say; this class leaves
// it to the kernel. Thread-safe.
class PosixFileSystem : public FileSystem {
 public:
  absl::StatusOr<std::string> Read(const std::string& path, int64_t max_bytes) override;
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenForReading(
      const std::string& path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                              bool truncate, int mode) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Link(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeDirectory(const std::string& path, int mode) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status SyncAll(const std::string& path) override;
  bool Exists(const std::string& path) override;
  bool IsDirectory(const std::string& path) override;
  absl::StatusOr<int64_t> FileSize(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) override;

 protected:
  // A name in an open folder; an invalid folder is the process's working directory.
  struct Place {
    UniqueFd folder;
    std::string name;
    int at() const { return folder.valid() ? folder.get() : AT_FDCWD; }
  };

  virtual absl::StatusOr<UniqueFd> Open(const std::string& path, int flags, mode_t mode);
  // Returns where the last name of `path` is made, moved or removed.
  virtual absl::StatusOr<Place> Locate(const std::string& path);
  virtual absl::Status Stat(const std::string& path, struct stat* info);
};

// Returns the error of a system call that has just failed.
absl::Status FailedSystemCall(absl::string_view what, const std::string& path);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_POSIX_FILE_SYSTEM_H_
