#ifndef KUR_CLIENT_OUTPUT_JOB_PROGRESS_H_
#define KUR_CLIENT_OUTPUT_JOB_PROGRESS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/output/terminal.h"
#include "kur/v1/event.pb.h"

namespace kur::client {

// Derives from its events what a job is doing now, and renders that as a few lines with progress
// bars. Not thread-safe.
class JobProgress {
 public:
  JobProgress(const Terminal& terminal, std::string job)
      : terminal_(terminal), job_(std::move(job)) {}

  // Adds the next event of the job.
  void Add(const v1::Event& event);

  // Returns the lines to show; none once the job has ended.
  std::vector<std::string> Lines(absl::Time now) const;

  v1::JobState state() const { return state_; }

 private:
  std::string WaitingLine(absl::Time now) const;
  std::string EpochLine() const;
  std::string PassLine() const;
  std::string DownloadLine() const;

  const Terminal& terminal_;
  const std::string job_;
  v1::JobState state_ = v1::JOB_STATE_UNSPECIFIED;
  absl::Time state_since_;
  std::string reason_;
  std::optional<v1::EpochStarted> epoch_;         // while one is in progress
  v1::BatchLosses batches_;                       // the latest event of the epoch
  std::optional<v1::PassProgress> pass_;          // while one is in progress
  std::optional<v1::DownloadProgress> download_;  // while one is in progress
  std::optional<v1::Measured> validation_;        // the latest
};

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_JOB_PROGRESS_H_
