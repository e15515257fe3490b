#ifndef KUR_ENGINE_BASE_FILE_SYSTEM_H_
#define KUR_ENGINE_BASE_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur {

// An open file that grows at its end. Not thread-safe; the destructor closes without an error.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  // Appends all of `data`; after an error an unknown part of it may be there.
  virtual absl::Status Append(absl::string_view data) = 0;

  // Returns when everything appended so far survives a loss of power. After an error nothing
  // that was not yet durable may be assumed to become so by calling again (the kernel may have
  // dropped it): the caller gives the file up.
  virtual absl::Status Sync() = 0;

  virtual absl::Status Close() = 0;
};

// The one seam through which durable state is written, so that a test can fail, shorten or crash
// at each call in turn. Implementations are thread-safe. Paths are as the kernel takes them.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // The machine's own file system. Never destroyed.
  static FileSystem& Posix();

  // The whole content. RESOURCE_EXHAUSTED when the file has more than `max_bytes` bytes.
  virtual absl::StatusOr<std::string> Read(const std::string& path,
                                           int64_t max_bytes = int64_t{1} << 40) = 0;

  // Opens for writing at the end, creating the file with `mode` if it is not there;
  // `truncate` empties it first.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                                      bool truncate,
                                                                      int mode = 0644) = 0;

  // Cuts a file to `size` bytes, durably.
  virtual absl::Status Truncate(const std::string& path, int64_t size) = 0;

  // Replaces `to` by `from` in one step, as rename(2) does.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;

  // Gives `from` a second name. ALREADY_EXISTS if `to` is there.
  virtual absl::Status Link(const std::string& from, const std::string& to) = 0;

  // Removes a file. NOT_FOUND if it is not there.
  virtual absl::Status Remove(const std::string& path) = 0;

  // Creates a directory and its missing parents; there already is fine.
  virtual absl::Status MakeDirectories(const std::string& path, int mode = 0755) = 0;

  // Makes creations, renames and removals inside a directory survive a loss of power.
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
};

// True if something stands at `path` (links followed).
bool Exists(const std::string& path);
bool IsDirectory(const std::string& path);

// The size in bytes of a regular file.
absl::StatusOr<int64_t> FileSize(const std::string& path);

// Names in a directory, sorted, without "." and "..".
absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path);

// "a/b/c" -> "a/b"; "c" -> "."; "/c" -> "/".
std::string DirectoryOf(const std::string& path);
// "a/b/c" -> "c".
std::string BaseName(const std::string& path);
// Joins two paths; an absolute `b` wins.
std::string JoinPath(const std::string& a, const std::string& b);

// Writes `content` so that after a crash at any instant `path` holds the old bytes or the new ones,
// never a mixture: a temporary file in the same directory, fsync, rename, fsync of the directory.
absl::Status WriteFileAtomically(FileSystem& files, const std::string& path,
                                 absl::string_view content, int mode = 0644);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_FILE_SYSTEM_H_
