#ifndef KUR_CLIENT_TRANSFER_DOWNLOADER_H_
#define KUR_CLIENT_TRANSFER_DOWNLOADER_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/clock.h"
#include "client/connection.h"
#include "client/output/transfer_progress.h"
#include "client/transfer/part_file.h"

namespace kur::client {

// Downloads files of jobs. Resumes interrupted downloads, verifies digests, and gives a file its
// name only when the content is complete. Not thread-safe.
class Downloader {
 public:
  // Called with the progress several times a second. Returns false to stop the download.
  using Observer = std::function<bool(const Transfer&)>;

  // `connection` and `clock` must outlive the downloader.
  Downloader(Connection& connection, Clock& clock, Observer observer)
      : connection_(connection), clock_(clock), observer_(std::move(observer)) {}

  // Downloads the content at `artifact.path` of `job` to the file `target` and creates missing
  // folders. If the job rewrites the path during the download, starts over with the new content.
  // Returns the artifact that was downloaded, or CANCELLED if the observer stopped the download.
  absl::StatusOr<v1::Artifact> Download(const std::string& job, const v1::Artifact& artifact,
                                        const std::string& target);

 private:
  // Tries once. Resumes a part of the content `wanted`, if one exists. Sets `wanted` to the content
  // that the server sends. Returns ALREADY_EXISTS if the target has that content.
  absl::Status Attempt(const std::string& job, const std::string& target, v1::Artifact* wanted);
  absl::Status Receive(const v1::DownloadArtifactRequest& request, const std::string& target,
                       v1::Artifact* wanted, std::optional<PartFile>* part);
  absl::Status HandleResponse(const v1::DownloadArtifactResponse& response,
                              const std::string& target, v1::Artifact* wanted,
                              std::optional<PartFile>* part) const;
  // Waits for `duration` and keeps calling the observer.
  absl::Status WaitBeforeRetry(absl::Duration duration);
  absl::Status ReportProgress();

  Connection& connection_;
  Clock& clock_;
  const Observer observer_;
  Transfer transfer_;
};

// Returns the path of `artifact` below `folder`. Returns PERMISSION_DENIED for a path that would
// leave the folder.
absl::StatusOr<std::string> LocalPathOf(const std::string& folder, const v1::Artifact& artifact);

}  // namespace kur::client

#endif  // KUR_CLIENT_TRANSFER_DOWNLOADER_H_
