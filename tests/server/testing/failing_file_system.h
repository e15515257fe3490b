#ifndef KUR_TESTS_SERVER_TESTING_FAILING_FILE_SYSTEM_H_
#define KUR_TESTS_SERVER_TESTING_FAILING_FILE_SYSTEM_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "engine/base/file_system.h"

namespace kur::server {

// The machine's file system, until it is told to be full or to fail. Thread-safe.
class FailingFileSystem : public FileSystem {
 public:
  std::atomic<bool> full{false};        // appending writes half of the data, then fails
  std::atomic<bool> fail_syncs{false};  // of files

  absl::StatusOr<std::string> Read(const std::string& path, int64_t max_bytes) override {
    return real_.Read(path, max_bytes);
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                              bool truncate, int mode) override {
    auto file = real_.OpenForAppend(path, truncate, mode);
    if (!file.ok()) return file.status();
    return std::unique_ptr<WritableFile>(new File(*this, *std::move(file)));
  }
  absl::Status Truncate(const std::string& path, int64_t size) override {
    return real_.Truncate(path, size);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return real_.Rename(from, to);
  }
  absl::Status Link(const std::string& from, const std::string& to) override {
    return real_.Link(from, to);
  }
  absl::Status Remove(const std::string& path) override { return real_.Remove(path); }
  absl::Status MakeDirectories(const std::string& path, int mode) override {
    return real_.MakeDirectories(path, mode);
  }
  absl::Status SyncDirectory(const std::string& path) override { return real_.SyncDirectory(path); }

 private:
  class File : public WritableFile {
   public:
    File(FailingFileSystem& owner, std::unique_ptr<WritableFile> real)
        : owner_(owner), real_(std::move(real)) {}
    absl::Status Append(absl::string_view data) override {
      if (!owner_.full) return real_->Append(data);
      real_->Append(data.substr(0, data.size() / 2)).IgnoreError();
      return absl::ResourceExhaustedError("no space left on device");
    }
    absl::Status Sync() override {
      return owner_.fail_syncs ? absl::DataLossError("input/output error") : real_->Sync();
    }
    absl::Status Close() override { return real_->Close(); }

   private:
    FailingFileSystem& owner_;
    std::unique_ptr<WritableFile> real_;
  };

  FileSystem& real_ = FileSystem::Posix();
};

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_FAILING_FILE_SYSTEM_H_
