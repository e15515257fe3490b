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

namespace kur::client {

// Keeps a folder up to date with the files of a job while it runs: downloads what it is told of on
// a thread of its own, always the newest content of a path. Thread-safe. The destructor stops a
// download that is under way; a later one goes on from there.
class ArtifactFetcher {
 public:
  // `connection` and `clock` must outlive the fetcher.
  ArtifactFetcher(Connection& connection, Clock& clock, std::string job, std::string folder);
  ~ArtifactFetcher();

  ArtifactFetcher(const ArtifactFetcher&) = delete;
  ArtifactFetcher& operator=(const ArtifactFetcher&) = delete;

  // Asks for a file that the job has written. What arrives is the newest content of its path, which
  // may be newer than `artifact`. Times are not compared: clocks step back, and a fast job writes a
  // path several times within one tick of them.
  void Fetch(const v1::Artifact& artifact);

  // The download under way, if any.
  std::optional<Transfer> current() const;

  // Waits for at most `timeout`; true if nothing is left to do.
  bool WaitUntilIdle(absl::Duration timeout);

  // What has arrived since the last call.
  std::vector<v1::Artifact> TakeFetched();

  // The first failure; OK so far otherwise.
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
