#ifndef KUR_CLIENT_TRANSFER_PART_FILE_H_
#define KUR_CLIENT_TRANSFER_PART_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/file_system.h"
#include "engine/base/unique_fd.h"

namespace kur::client {

// A file that is being downloaded: TARGET.<digest>.part until the file is complete. The name says
// which content the bytes belong to, so that a later kurctl can continue. Locked against other
// kurctls while open. Not thread-safe.
class PartFile {
 public:
  // Opens or creates the part of `target` for the content with that SHA-256. Returns ABORTED if
  // another process holds the part. `files` must outlive the object.
  static absl::StatusOr<PartFile> Open(const std::string& target, const std::string& sha256,
                                       FileSystem& files = FileSystem::Posix());

  // Returns the number of bytes received so far.
  int64_t size() const { return size_; }

  // After an error an unknown part of `data` may be in the file: the caller gives the part up.
  absl::Status Append(absl::string_view data);

  // Drops all bytes received so far.
  absl::Status Clear();

  // Renames the part to `target` if the digest matches, durably, and removes the parts of older
  // contents. Returns DATA_LOSS, and empties the part, if the digest does not match. Removes the
  // part if it cannot be made durable. Nothing but the destructor may be called after success.
  absl::Status Finish();

 private:
  PartFile(FileSystem& files, std::string target, std::string sha256);

  void RemoveOtherParts() const;

  FileSystem* files_;
  std::string target_;
  std::string sha256_;
  std::string path_;
  std::unique_ptr<WritableFile> file_;
  UniqueFd lock_;
  int64_t size_ = 0;
};

// Removes the part of `target` for the content with that SHA-256, if there is one.
void RemovePart(const std::string& target, const std::string& sha256);

}  // namespace kur::client

#endif  // KUR_CLIENT_TRANSFER_PART_FILE_H_
