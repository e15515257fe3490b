#ifndef KUR_CLIENT_TRANSFER_UPLOADER_H_
#define KUR_CLIENT_TRANSFER_UPLOADER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/clock.h"
#include "client/connection.h"
#include "client/output/transfer_progress.h"

namespace kur::client {

// A local file and the digest of its content.
struct LocalFile {
  std::string path;
  std::string sha256;  // 64 hexadecimal digits
  int64_t size = 0;    // bytes
};

// Uploads file contents that the server lacks. Resumes interrupted uploads. Not thread-safe.
class Uploader {
 public:
  // Called with the progress after every chunk.
  using Observer = std::function<void(const Transfer&)>;

  // `connection` and `clock` must outlive the uploader.
  Uploader(Connection& connection, Clock& clock, Observer observer)
      : connection_(connection), clock_(clock), observer_(std::move(observer)) {}

  // Uploads the contents of `files` that the server lacks. Sends the content of several equal files
  // once. Returns ABORTED if a file has changed since its digest was computed.
  absl::Status UploadMissing(const std::vector<LocalFile>& files);

 private:
  absl::StatusOr<std::vector<v1::MissingBlob>> FindMissing(const std::vector<std::string>& digests);
  // Uploads one content and retries for kRetryTimeout while the server is unreachable.
  absl::Status Upload(const LocalFile& file, int64_t offset);
  absl::Status Attempt(const LocalFile& file, int64_t offset);

  Connection& connection_;
  Clock& clock_;
  const Observer observer_;
};

}  // namespace kur::client

#endif  // KUR_CLIENT_TRANSFER_UPLOADER_H_
