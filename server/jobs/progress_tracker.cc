#include "server/jobs/progress_tracker.h"

#include <algorithm>

#include "server/protocol/job_state.h"

namespace kur::server {

v1::Progress& ProgressTracker::mutable_progress() {
  if (!progress_.has_value()) progress_.emplace();
  return *progress_;
}

void ProgressTracker::Add(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kStateChanged: {
      const v1::StateChanged& change = event.state_changed();
      announced_state_ = change.state();
      if (!BeginsAttempt(change.state())) return;
      announced_attempt_ = change.attempt();
      attempts_without_progress_ = progressed_ ? 1 : attempts_without_progress_ + 1;
      progressed_ = false;
      return;
    }
    case v1::Event::kEpochStarted: {
      v1::Progress& progress = mutable_progress();
      progress.set_epoch(event.epoch_started().epoch());
      progress.set_last_epoch(event.epoch_started().last_epoch());
      progress.set_batches(event.epoch_started().batches());
      progress.set_batch(0);
      progress.set_samples(0);
      return;
    }
    case v1::Event::kBatchLosses:
      return AddBatches(event.batch_losses());
    case v1::Event::kEpochFinished: {
      v1::Progress& progress = mutable_progress();
      progress.set_epoch(event.epoch_finished().epoch());
      progress.set_batch(progress.batches());
      progress.set_samples(event.epoch_finished().samples());
      progress.set_loss(event.epoch_finished().loss());
      return;
    }
    case v1::Event::kMeasured: {
      if (event.measured().section() != "validate") return;
      v1::Progress& progress = mutable_progress();
      progress.set_validation_loss(event.measured().loss());
      *progress.mutable_validation_metrics() = event.measured().metrics();
      return;
    }
    case v1::Event::kStarted:
      // The attempt before has saved more than it lived to report.
      if (event.started().resumed_at_batch() <= saved_batches_) return;
      saved_batches_ = event.started().resumed_at_batch();
      attempts_without_progress_ = 1;
      return;
    case v1::Event::kSaved:
      progressed_ |= event.saved().batch() > saved_batches_;
      saved_batches_ = std::max(saved_batches_, event.saved().batch());
      return;
    case v1::Event::kCommandDone:
      last_command_done_ = std::max(last_command_done_, event.command_done().id());
      return;
    default:
      return;
  }
}

void ProgressTracker::AddBatches(const v1::BatchLosses& losses) {
  const int64_t last = losses.first_batch() + losses.losses_size() - 1;
  v1::Progress& progress = mutable_progress();
  progress.set_epoch(losses.epoch());
  progress.set_batch(last);
  progress.set_samples(losses.samples());
  progress.set_loss(losses.mean_loss());
  progress.set_samples_per_second(losses.samples_per_second());
}

}  // namespace kur::server
