#ifndef KUR_TESTS_TESTING_FAILING_FILE_SYSTEM_H_
#define KUR_TESTS_TESTING_FAILING_FILE_SYSTEM_H_

#include <memory>
#include <string>
#include <utility>

#include "tests/testing/forwarding_file_system.h"

namespace kur::testing {

// The machine's file system, of which one call fails: the one with the number `failing` (from 0),
// counted over everything that writes, calls on open files included. An append that fails has
// written half. Removing never fails, so that cleaning up can be seen.
class FailingFileSystem : public ForwardingFileSystem {
 public:
  explicit FailingFileSystem(int failing) : failing_(failing) {}

  // Calls counted so far.
  int calls() const { return calls_; }

  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                              bool truncate, int mode) override {
    if (Fails()) return Error();
    auto file = Posix().OpenForAppend(path, truncate, mode);
    if (!file.ok()) return file.status();
    return std::unique_ptr<WritableFile>(new File(this, *std::move(file)));
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return Fails() ? Error() : Posix().Rename(from, to);
  }
  absl::Status Link(const std::string& from, const std::string& to) override {
    return Fails() ? Error() : Posix().Link(from, to);
  }
  absl::Status MakeDirectory(const std::string& path, int mode) override {
    return Fails() ? Error() : Posix().MakeDirectory(path, mode);
  }
  absl::Status SyncDirectory(const std::string& path) override {
    return Fails() ? Error() : Posix().SyncDirectory(path);
  }

 private:
  class File : public ForwardingFile {
   public:
    File(FailingFileSystem* owner, std::unique_ptr<WritableFile> file)
        : ForwardingFile(std::move(file)), owner_(owner) {}
    absl::Status Append(absl::string_view data) override {
      if (!owner_->Fails()) return ForwardingFile::Append(data);
      ForwardingFile::Append(data.substr(0, data.size() / 2)).IgnoreError();
      return Error();
    }
    absl::Status Truncate(int64_t size) override {
      return owner_->Fails() ? Error() : ForwardingFile::Truncate(size);
    }
    absl::Status Sync() override { return owner_->Fails() ? Error() : ForwardingFile::Sync(); }
    absl::Status Close() override { return owner_->Fails() ? Error() : ForwardingFile::Close(); }

   private:
    FailingFileSystem* owner_;
  };

  bool Fails() { return calls_++ == failing_; }
  static absl::Status Error() { return absl::ResourceExhaustedError("no space left on device"); }

  int failing_;
  int calls_ = 0;
};

}  // namespace kur::testing

#endif  // KUR_TESTS_TESTING_FAILING_FILE_SYSTEM_H_
