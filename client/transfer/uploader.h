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

// A file of this machine and its content.
struct LocalFile {
  std::string path;    // on this machine
  std::string sha256;  // 64 hexadecimal digits
  int64_t size = 0;    // bytes
};

// Sends contents that the server lacks, each from where an interrupted upload stopped. Not
// thread-safe.
class Uploader {
 public:
  // Told how far an upload is, several times a second.
  using Observer = std::function<void(const Transfer&)>;

  // Both must outlive the uploader.
  Uploader(Connection& connection, Clock& clock, Observer observer)
      : connection_(connection), clock_(clock), observer_(std::move(observer)) {}

  // Makes the server have all of `files`; the same content under several names is sent once.
  absl::Status UploadMissing(const std::vector<LocalFile>& files);

 private:
  absl::StatusOr<std::vector<v1::MissingBlob>> FindMissing(const std::vector<std::string>& digests);
  // Sends one content, again and again while the server comes and goes.
  absl::Status Upload(const LocalFile& file, int64_t offset);
  absl::Status Attempt(const LocalFile& file, int64_t offset);

  Connection& connection_;
  Clock& clock_;
  const Observer observer_;
};

}  // namespace kur::client

#endif  // KUR_CLIENT_TRANSFER_UPLOADER_H_
