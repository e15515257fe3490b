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

  // Cuts the file to `size` bytes; what is appended then follows them.
  virtual absl::Status Truncate(int64_t size) = 0;

  // Returns when the content as it is now survives a loss of power; of the name that the file has
  // in its directory this says nothing, see SyncDirectory(). After an error nothing that was not
  // yet durable may be assumed to become so by calling again (the kernel may have dropped it): the
  // caller gives the file up.
  virtual absl::Status Sync() = 0;

  virtual absl::Status Close() = 0;
};

// An open file that is read. Thread-safe: every call names its place.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;

  // Reads up to `size` bytes at `offset` to `to` and returns how many there were: fewer only at the
  // end of the file.
  virtual absl::StatusOr<size_t> Read(int64_t offset, size_t size, char* to) const = 0;

  virtual absl::StatusOr<int64_t> Size() const = 0;
};

// The one seam through which durable state is written and read again, so that a test can fail,
// shorten or crash at each call in turn, and can lose what was not synchronized. Implementations
// are thread-safe. Paths are as the kernel takes them.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // The machine's own file system. Never destroyed.
  static FileSystem& Posix();

  // The whole content. RESOURCE_EXHAUSTED when the file has more than `max_bytes` bytes.
  virtual absl::StatusOr<std::string> Read(const std::string& path,
                                           int64_t max_bytes = int64_t{1} << 40) = 0;

  virtual absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenForReading(
      const std::string& path) = 0;

  // Opens for writing at the end, creating the file with `mode` if it is not there;
  // `truncate` empties it first.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                                      bool truncate,
                                                                      int mode = 0644) = 0;

  // Replaces `to` by `from` in one step, as rename(2) does.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;

  // Gives `from` a second name. ALREADY_EXISTS if `to` is there.
  virtual absl::Status Link(const std::string& from, const std::string& to) = 0;

  // Removes a file. NOT_FOUND if it is not there.
  virtual absl::Status Remove(const std::string& path) = 0;

  // Creates a directory, whose parent must exist. ALREADY_EXISTS if something stands there.
  virtual absl::Status MakeDirectory(const std::string& path, int mode = 0755) = 0;

  // Makes creations, renames and removals inside a directory survive a loss of power.
  virtual absl::Status SyncDirectory(const std::string& path) = 0;

  // Makes everything survive a loss of power that any process has done before in the file system on
  // which `path` lies.
  virtual absl::Status SyncAll(const std::string& path) = 0;

  // Returns whether something stands at `path` (links followed).
  virtual bool Exists(const std::string& path) = 0;
  virtual bool IsDirectory(const std::string& path) = 0;

  // Returns the size in bytes of a regular file.
  virtual absl::StatusOr<int64_t> FileSize(const std::string& path) = 0;

  // Returns the names in a directory, sorted, without "." and "..".
  virtual absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) = 0;

  // Creates a directory and its missing parents, each of which survives a loss of power then; there
  // already is fine.
  absl::Status MakeDirectories(const std::string& path, int mode = 0755);
};

// The same of the machine's own file system.
bool Exists(const std::string& path);
bool IsDirectory(const std::string& path);
absl::StatusOr<int64_t> FileSize(const std::string& path);
absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path);

// "a/b/c" -> "a/b"; "c" -> "."; "/c" -> "/".
std::string DirectoryOf(const std::string& path);
// "a/b/c" -> "c".
std::string BaseName(const std::string& path);
// Joins two paths; an absolute `b` wins.
std::string JoinPath(const std::string& a, const std::string& b);

// Writes `content` so that after a crash at any instant `path` holds the old bytes or the new ones,
// never a mixture: a temporary file in the same directory, fsync, rename, fsync of the directory.
// Once it returns, `path` holds the new ones.
absl::Status WriteFileAtomically(FileSystem& files, const std::string& path,
                                 absl::string_view content, int mode = 0644);

// Gives the file `from` a second name `to`, whose directories are made, replacing what has that
// name in one step. Once it returns, the name survives a loss of power.
absl::Status LinkAtomically(FileSystem& files, const std::string& from, const std::string& to);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_FILE_SYSTEM_H_
