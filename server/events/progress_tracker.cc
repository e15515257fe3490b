#include "server/events/progress_tracker.h"

#include <algorithm>
#include <limits>

#include "server/protocol/job_state.h"
#include "server/protocol/packed_events.h"

namespace kur::server {

std::optional<v1::Progress> ProgressTracker::progress() const {
  if (!summary_.has_progress()) return std::nullopt;
  return summary_.progress();
}

std::optional<v1::JobState> ProgressTracker::announced_state() const {
  if (!IsKnown(summary_.announced_state())) return std::nullopt;
  return summary_.announced_state();
}

void ProgressTracker::Add(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kStateChanged:
      return AddState(event.state_changed());
    case v1::Event::kEpochStarted: {
      v1::Progress& progress = *summary_.mutable_progress();
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
      v1::Progress& progress = *summary_.mutable_progress();
      progress.set_epoch(event.epoch_finished().epoch());
      progress.set_batch(progress.batches());
      progress.set_samples(event.epoch_finished().samples());
      progress.set_loss(event.epoch_finished().loss());
      return;
    }
    case v1::Event::kMeasured: {
      if (event.measured().section() != "validate") return;
      v1::Progress& progress = *summary_.mutable_progress();
      progress.set_validation_loss(event.measured().loss());
      *progress.mutable_validation_metrics() = event.measured().metrics();
      return;
    }
    case v1::Event::kStarted:
      // The attempt before has saved more than it lived to report.
      if (event.started().resumed_at_batch() <= summary_.saved_batches()) return;
      summary_.set_saved_batches(event.started().resumed_at_batch());
      summary_.set_attempts_without_progress(1);
      return;
    case v1::Event::kSaved:
      if (event.saved().batch() <= summary_.saved_batches()) return;
      summary_.set_progressed(true);
      summary_.set_saved_batches(event.saved().batch());
      return;
    case v1::Event::kCommandDone:
      summary_.set_last_command_done(
          std::max(summary_.last_command_done(), event.command_done().id()));
      return;
    case v1::Event::kPacked:
      // Each round takes the place of the one before.
      for (const v1::Event& one : UnpackLastRound(event)) Add(one);
      return;
    default:
      return;
  }
}

void ProgressTracker::AddState(const v1::StateChanged& change) {
  summary_.set_announced_state(change.state());
  if (!BeginsAttempt(change.state())) return;
  summary_.set_announced_attempt(change.attempt());
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max() - 1;
  const int32_t before =
      summary_.progressed() ? 0 : std::min(summary_.attempts_without_progress(), kMost);
  summary_.set_attempts_without_progress(before + 1);
  summary_.set_progressed(false);
}

void ProgressTracker::AddBatches(const v1::BatchLosses& losses) {
  int64_t last = 0;
  // A worker may say anything.
  if (__builtin_add_overflow(losses.first_batch(), losses.losses_size() - 1, &last)) {
    last = losses.first_batch();
  }
  v1::Progress& progress = *summary_.mutable_progress();
  progress.set_epoch(losses.epoch());
  progress.set_batch(last);
  progress.set_samples(losses.samples());
  progress.set_loss(losses.mean_loss());
  progress.set_samples_per_second(losses.samples_per_second());
}

}  // namespace kur::server
