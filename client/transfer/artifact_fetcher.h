#ifndef KUR_CLIENT_TRANSFER_ARTIFACT_FETCHER_H_
#define KUR_CLIENT_TRANSFER_ARTIFACT_FETCHER_H_

#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "client/clock.h"
#include "client/connection.h"
#include "client/output/transfer_progress.h"
#include "engine/base/timed_condition.h"

namespace kur::client {

// Mirrors files of a running job in a local folder: downloads requested artifacts one after another
// on a thread of its own, always the newest content of a path. The destructor stops a download; a
// later download continues there. Thread-safe.
class ArtifactFetcher {
 public:
  // `connection` and `clock` must outlive the fetcher.
  ArtifactFetcher(Connection& connection, Clock& clock, std::string job, std::string folder);
  ~ArtifactFetcher();

  ArtifactFetcher(const ArtifactFetcher&) = delete;
  ArtifactFetcher& operator=(const ArtifactFetcher&) = delete;

  // Queues the download of an artifact, unless its content has been downloaded. The downloaded
  // content of the path may be newer than `artifact`. Contents are compared by digest, not by time:
  // clocks step back, and a job may write a path twice within the resolution of a clock.
  void Fetch(const v1::Artifact& artifact);

  // Returns the progress of the current download, if any.
  std::optional<Transfer> current() const;

  // Waits at most `timeout`. Returns whether all requested downloads have ended.
  bool WaitUntilIdle(absl::Duration timeout);

  // Returns the artifacts that were downloaded since the last call.
  std::vector<v1::Artifact> TakeFetched();

  // Returns the first error of a download.
  absl::Status status() const;

 private:
  void Run();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !pending_.empty();
  }
  bool IsIdle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return pending_.empty() && !busy_; }

  Connection& connection_;
  Clock& clock_;
  const std::string job_;
  const std::string folder_;

  mutable absl::Mutex mutex_;
  TimedCondition fetched_one_;  // IsIdle() may have become true
  std::map<std::string, v1::Artifact> pending_ ABSL_GUARDED_BY(mutex_);  // by path
  std::map<std::string, v1::Artifact> fetched_ ABSL_GUARDED_BY(mutex_);  // by path
  std::vector<v1::Artifact> unreported_ ABSL_GUARDED_BY(mutex_);
  std::optional<Transfer> current_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: uses everything above
};

}  // namespace kur::client

#endif  // KUR_CLIENT_TRANSFER_ARTIFACT_FETCHER_H_
