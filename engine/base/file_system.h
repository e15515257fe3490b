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

// An open file that grows at its end. Not thread-safe. The destructor closes the file and drops any
// error; call Close() to learn of one.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  // Appends all of `data`. After an error, an unknown part of `data` may have been appended.
  virtual absl::Status Append(absl::string_view data) = 0;

  // Shortens the file to `size` bytes; later appends follow those bytes.
  virtual absl::Status Truncate(int64_t size) = 0;

  // Blocks until the current content survives a loss of power. Says nothing about the name of the
  // file in its directory, see SyncDirectory(). After an error the caller must give the file up: a
  // second call may succeed although the kernel has dropped the data.
  virtual absl::Status Sync() = 0;

  virtual absl::Status Close() = 0;
};

// An open file for reading. Thread-safe: every call passes its own offset.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;

  // Reads up to `size` bytes at `offset` into `to` and returns their number, which is smaller than
  // `size` only at the end of the file.
  virtual absl::StatusOr<size_t> Read(int64_t offset, size_t size, char* to) const = 0;

  virtual absl::StatusOr<int64_t> Size() const = 0;
};

// The seam through which durable state is written and read. A test replaces it to fail, shorten or
// crash at each call in turn, and to lose what was not synced. Implementations are thread-safe.
// Paths are passed to the kernel unchanged.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Returns the file system of this machine, which is never destroyed.
  static FileSystem& Posix();

  // Reads a whole file. RESOURCE_EXHAUSTED if the file has more than `max_bytes` bytes.
  virtual absl::StatusOr<std::string> Read(const std::string& path,
                                           int64_t max_bytes = int64_t{1} << 40) = 0;

  virtual absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenForReading(
      const std::string& path) = 0;

  // Opens a file for writing at its end. Creates a missing file with `mode`; `truncate` empties an
  // existing one.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                                      bool truncate,
                                                                      int mode = 0644) = 0;

  // Moves `from` to `to`, replacing `to` atomically, as rename(2) does.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;

  // Gives the file `from` a second name. ALREADY_EXISTS if `to` exists.
  virtual absl::Status Link(const std::string& from, const std::string& to) = 0;

  // Removes a file. NOT_FOUND if the file does not exist.
  virtual absl::Status Remove(const std::string& path) = 0;

  // Creates a directory, whose parent must exist. ALREADY_EXISTS if `path` exists.
  virtual absl::Status MakeDirectory(const std::string& path, int mode = 0755) = 0;

  // Blocks until creations, renames and removals in a directory survive a loss of power.
  virtual absl::Status SyncDirectory(const std::string& path) = 0;

  // Blocks until every earlier write of any process to the file system of `path` survives a loss of
  // power.
  virtual absl::Status SyncAll(const std::string& path) = 0;

  // Returns whether `path` exists, after following links; true also where an error, such as of the
  // disk, leaves it open: what is then done with it meets that error, and is not begun anew.
  virtual bool Exists(const std::string& path) = 0;
  virtual bool IsDirectory(const std::string& path) = 0;

  // Returns the size of a regular file in bytes.
  virtual absl::StatusOr<int64_t> FileSize(const std::string& path) = 0;

  // Returns the names in a directory, sorted, without "." and "..".
  virtual absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) = 0;

  // Creates a directory and its missing parents, each of which survives a loss of power. Succeeds
  // if the directory exists.
  absl::Status MakeDirectories(const std::string& path, int mode = 0755);
};

// Shorthands for FileSystem::Posix().
bool Exists(const std::string& path);
bool IsDirectory(const std::string& path);
absl::StatusOr<int64_t> FileSize(const std::string& path);
absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path);

// Returns the parent: "a/b/c" -> "a/b"; "c" -> "."; "/c" -> "/".
std::string DirectoryOf(const std::string& path);
// Returns the last component: "a/b/c" -> "c".
std::string BaseName(const std::string& path);
// Joins two paths. Returns `b` alone if `b` is absolute.
std::string JoinPath(const std::string& a, const std::string& b);

// Writes `content` so that after a crash at any instant `path` holds either the old or the new
// content, complete. On return the new content survives a loss of power. Writes a temporary file in
// the same directory, syncs it, renames it and syncs the directory.
absl::Status WriteFileAtomically(FileSystem& files, const std::string& path,
                                 absl::string_view content, int mode = 0644);

// Gives the file `from` a second name `to`, replacing `to` atomically. Creates the directories of
// `to`. On return the new name survives a loss of power.
absl::Status LinkAtomically(FileSystem& files, const std::string& from, const std::string& to);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_FILE_SYSTEM_H_
