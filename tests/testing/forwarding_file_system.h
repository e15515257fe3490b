#ifndef KUR_TESTS_TESTING_FORWARDING_FILE_SYSTEM_H_
#define KUR_TESTS_TESTING_FORWARDING_FILE_SYSTEM_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/file_system.h"

namespace kur::testing {

// A file that passes every call on to another one: tests override what they watch or break.
class ForwardingFile : public WritableFile {
 public:
  explicit ForwardingFile(std::unique_ptr<WritableFile> real) : real_(std::move(real)) {}

  absl::Status Append(absl::string_view data) override { return real_->Append(data); }
  absl::Status Truncate(int64_t size) override { return real_->Truncate(size); }
  absl::Status Sync() override { return real_->Sync(); }
  absl::Status Close() override { return real_->Close(); }

 private:
  std::unique_ptr<WritableFile> real_;
};

// The machine's file system, in the same way.
class ForwardingFileSystem : public FileSystem {
 public:
  absl::StatusOr<std::string> Read(const std::string& path, int64_t max_bytes) override {
    return Posix().Read(path, max_bytes);
  }
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenForReading(
      const std::string& path) override {
    return Posix().OpenForReading(path);
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                              bool truncate, int mode) override {
    return Posix().OpenForAppend(path, truncate, mode);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return Posix().Rename(from, to);
  }
  absl::Status Link(const std::string& from, const std::string& to) override {
    return Posix().Link(from, to);
  }
  absl::Status Remove(const std::string& path) override { return Posix().Remove(path); }
  absl::Status MakeDirectory(const std::string& path, int mode) override {
    return Posix().MakeDirectory(path, mode);
  }
  absl::Status SyncDirectory(const std::string& path) override {
    return Posix().SyncDirectory(path);
  }
  absl::Status SyncAll(const std::string& path) override { return Posix().SyncAll(path); }
  bool Exists(const std::string& path) override { return Posix().Exists(path); }
  bool IsDirectory(const std::string& path) override { return Posix().IsDirectory(path); }
  absl::StatusOr<int64_t> FileSize(const std::string& path) override {
    return Posix().FileSize(path);
  }
  absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) override {
    return Posix().ListDirectory(path);
  }
};

}  // namespace kur::testing

#endif  // KUR_TESTS_TESTING_FORWARDING_FILE_SYSTEM_H_
