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
    case v1::Event::kArtifactWritten:
      progressed_ |= event.artifact_written().kind() == v1::Artifact::KIND_CHECKPOINT;
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
  const std::pair<int64_t, int64_t> position = {losses.epoch(), last};
  if (position <= furthest_) return;
  furthest_ = position;
  progressed_ = true;
}

}  // namespace kur::server
