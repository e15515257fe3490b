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

// Downloads files of jobs: goes on where an interrupted download stopped, checks digests, and gives
// a file its name only when it is complete. Not thread-safe.
class Downloader {
 public:
  // Told how far the download is, several times a second; returns false to stop it.
  using Observer = std::function<bool(const Transfer&)>;

  // Both must outlive the downloader.
  Downloader(Connection& connection, Clock& clock, Observer observer)
      : connection_(connection), clock_(clock), observer_(std::move(observer)) {}

  // Downloads what `job` has at `artifact.path` to the file `target`, whose missing folders are
  // made. When the job writes the path anew meanwhile, the newest content is what arrives;
  // returns what has arrived. CANCELLED when the observer stops it.
  absl::StatusOr<v1::Artifact> Download(const std::string& job, const v1::Artifact& artifact,
                                        const std::string& target);

 private:
  // One attempt. `wanted` says which content a part may exist of, and becomes what is being sent.
  // ALREADY_EXISTS when that turns out to be what the target holds.
  absl::Status Attempt(const std::string& job, const std::string& target, v1::Artifact* wanted);
  absl::Status Receive(const v1::DownloadArtifactRequest& request, const std::string& target,
                       v1::Artifact* wanted, std::optional<PartFile>* part);
  absl::Status HandleResponse(const v1::DownloadArtifactResponse& response,
                              const std::string& target, v1::Artifact* wanted,
                              std::optional<PartFile>* part) const;
  // Waits, asking the observer meanwhile.
  absl::Status WaitBeforeRetry(absl::Duration duration);
  absl::Status ReportProgress();

  Connection& connection_;
  Clock& clock_;
  const Observer observer_;
  Transfer transfer_;
};

// Where `artifact` belongs in `folder`. INVALID_ARGUMENT for a path that would leave it.
absl::StatusOr<std::string> LocalPathOf(const std::string& folder, const v1::Artifact& artifact);

}  // namespace kur::client

#endif  // KUR_CLIENT_TRANSFER_DOWNLOADER_H_
