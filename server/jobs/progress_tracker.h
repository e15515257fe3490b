#ifndef KUR_SERVER_JOBS_PROGRESS_TRACKER_H_
#define KUR_SERVER_JOBS_PROGRESS_TRACKER_H_

#include <cstdint>
#include <optional>

#include "kur/v1/event.pb.h"
#include "kur/v1/job.pb.h"

namespace kur::server {

// Derives from the events of a job how far it is: fed with every event in order, so that reading
// the log again gives the same answers. Not thread-safe.
class ProgressTracker {
 public:
  void Add(const v1::Event& event);

  // The latest that is known; nothing before the first report.
  const std::optional<v1::Progress>& progress() const { return progress_; }

  // The state and the attempt that the log has announced last; no state at first.
  const std::optional<v1::JobState>& announced_state() const { return announced_state_; }
  int announced_attempt() const { return announced_attempt_; }

  // The highest number of a command that the worker has done; 0 at first.
  int64_t last_command_done() const { return last_command_done_; }

  // True if the current attempt has saved more batches than every attempt before it: what was only
  // trained is lost with the worker.
  bool progressed() const { return progressed_; }
  // How many attempts in a row, the current one included, began since something more was saved.
  int attempts_without_progress() const { return attempts_without_progress_; }

 private:
  void AddBatches(const v1::BatchLosses& losses);
  v1::Progress& mutable_progress();

  std::optional<v1::Progress> progress_;
  std::optional<v1::JobState> announced_state_;
  int announced_attempt_ = 0;
  int64_t saved_batches_ = 0;
  bool progressed_ = false;
  int attempts_without_progress_ = 0;
  int64_t last_command_done_ = 0;
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_PROGRESS_TRACKER_H_
