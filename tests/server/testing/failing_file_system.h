#ifndef KUR_TESTS_SERVER_TESTING_FAILING_FILE_SYSTEM_H_
#define KUR_TESTS_SERVER_TESTING_FAILING_FILE_SYSTEM_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/notification.h"
#include "tests/testing/forwarding_file_system.h"

namespace kur::server {

// The machine's file system, until it is told to be full or to fail. Thread-safe.
class FailingFileSystem : public testing::ForwardingFileSystem {
 public:
  std::atomic<bool> full{false};        // appending writes half of the data, then fails
  std::atomic<bool> fail_syncs{false};  // of files
  // While it is set, synchronizations of files wait for it; the first to wait notifies `held`.
  std::atomic<absl::Notification*> hold_syncs{nullptr};
  absl::Notification held;
  // While it is set, whoever opens a log of events to read it waits; the first notifies `reading`.
  std::atomic<absl::Notification*> hold_events{nullptr};
  absl::Notification reading;
  // The name of files that cannot be renamed or opened to be read; set by no other thread
  // meanwhile.
  std::string untouchable;

  // The name of files that seem not to be there, unless they are opened to be written.
  std::string lost;

  bool Exists(const std::string& path) override {
    return BaseName(path) != lost && ForwardingFileSystem::Exists(path);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (BaseName(from) == untouchable) return absl::PermissionDeniedError("busy");
    return ForwardingFileSystem::Rename(from, to);
  }
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenForReading(
      const std::string& path) override {
    if (BaseName(path) == untouchable) return absl::PermissionDeniedError("busy");
    if (BaseName(path) == lost) return absl::NotFoundError("lost");
    absl::Notification* const hold = hold_events;
    if (hold != nullptr && BaseName(path) == "events.log") {
      if (!reading.HasBeenNotified()) reading.Notify();
      hold->WaitForNotification();
    }
    return Posix().OpenForReading(path);
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                              bool truncate, int mode) override {
    auto file = Posix().OpenForAppend(path, truncate, mode);
    if (!file.ok()) return file.status();
    return std::unique_ptr<WritableFile>(new File(*this, *std::move(file)));
  }

 private:
  class File : public testing::ForwardingFile {
   public:
    File(FailingFileSystem& owner, std::unique_ptr<WritableFile> real)
        : ForwardingFile(std::move(real)), owner_(owner) {}
    absl::Status Append(absl::string_view data) override {
      if (!owner_.full) return ForwardingFile::Append(data);
      ForwardingFile::Append(data.substr(0, data.size() / 2)).IgnoreError();
      return absl::ResourceExhaustedError("no space left on device");
    }
    absl::Status Sync() override {
      if (absl::Notification* const hold = owner_.hold_syncs) {
        if (!owner_.held.HasBeenNotified()) owner_.held.Notify();
        hold->WaitForNotification();
      }
      return owner_.fail_syncs ? absl::DataLossError("input/output error") : ForwardingFile::Sync();
    }

   private:
    FailingFileSystem& owner_;
  };
};

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_FAILING_FILE_SYSTEM_H_
