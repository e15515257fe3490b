#ifndef KUR_CLIENT_TRANSFER_PART_FILE_H_
#define KUR_CLIENT_TRANSFER_PART_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/unique_fd.h"

namespace kur::client {

// A file that is being downloaded: TARGET.<digest>.part until it is complete. The name says which
// content its bytes belong to, so that a later kurctl can go on. Locked against other kurctls while
// open. Not thread-safe.
class PartFile {
 public:
  // Opens or creates the part of `target` for the content with that SHA-256. ABORTED if another
  // process is at it.
  static absl::StatusOr<PartFile> Open(const std::string& target, const std::string& sha256);

  // Bytes so far.
  int64_t size() const { return size_; }

  absl::Status Append(absl::string_view data);

  // Starts over.
  absl::Status Clear();

  // Gives the file its name if its bytes have the digest, and removes parts of older contents.
  // DATA_LOSS if they have not; then the part is empty again.
  absl::Status Finish();

 private:
  PartFile(std::string target, std::string sha256, std::string path, UniqueFd fd, int64_t size);

  void RemoveOtherParts() const;

  std::string target_;
  std::string sha256_;
  std::string path_;
  UniqueFd fd_;
  int64_t size_ = 0;
};

// Removes the part of `target` for that content, if there is one.
void RemovePart(const std::string& target, const std::string& sha256);

}  // namespace kur::client

#endif  // KUR_CLIENT_TRANSFER_PART_FILE_H_
