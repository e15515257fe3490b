#include "engine/train/trainer.h"

#include <ATen/Context.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/train/early_stopping.h"
#include "engine/train/validation.h"

namespace kur {
namespace {

// The seed of everything random in one batch: dropout does not depend on what came before, so a run
// can go on at any batch. The mixing function is SplitMix64's (Steele et al., 2014).
uint64_t BatchSeed(uint64_t seed, int64_t batch) {
  uint64_t z = seed + 0x9e3779b97f4a7c15U * (static_cast<uint64_t>(batch) + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

bool Improves(double loss, const std::optional<double>& best) {
  return !best.has_value() || loss < *best;
}

}  // namespace

absl::StatusOr<RunOutcome> Trainer::Run() {
  KUR_RETURN_IF_ERROR(Prepare());
  KUR_RETURN_IF_ERROR(NotifyHooks(TrainingNews::Moment::kStarted));
  clocks_.all.Resume();
  while (!cancelled_ && !LimitReached()) {
    KUR_ASSIGN_OR_RETURN(const bool complete, TrainEpoch());
    if (complete) KUR_RETURN_IF_ERROR(FinishEpoch());
    if (!complete) break;
  }
  if (train().weights.last) {
    KUR_RETURN_IF_ERROR(writer_->WriteWeights(*train().weights.last, "last weights"));
  }
  KUR_RETURN_IF_ERROR(NotifyHooks(TrainingNews::Moment::kEnded));
  KUR_RETURN_IF_ERROR(writer_->CommitLog());
  return cancelled_ ? RunOutcome::kCancelled : RunOutcome::kSucceeded;
}

bool Trainer::LimitReached() const {
  if (position_.ended_early) return true;
  if (position_.last_epoch != 0 && position_.epoch >= position_.last_epoch) return true;
  if (position_.clock_limit <= 0) return false;
  const std::string& clock = train().stop.clock;
  const Stopwatch& watch = clock == "train"      ? clocks_.train
                           : clock == "validate" ? clocks_.validate
                           : clock == "batch"    ? clocks_.batch
                                                 : clocks_.all;
  return watch.seconds() >= position_.clock_limit;
}

// False if the run ended before the epoch did.
absl::StatusOr<bool> Trainer::TrainEpoch() {
  const BatchPlan plan = data_->provider.EpochPlan(position_.epoch);
  std::set<std::string> also_read;
  if (train().optimizer->scale_rate) also_read.insert(*train().optimizer->scale_rate);
  BatchChange augment;
  if (augmenter_.has_value()) {
    augment = [this, epoch = position_.epoch](const int64_t* samples, const BatchBuffers& batch) {
      augmenter_->Apply(epoch, samples, batch);
    };
  }
  BatchFeeder feeder = workload_->FeederOf(data_->provider, also_read, std::move(augment));
  host_.events->OnEpochStarted({position_.epoch + 1, std::max<int64_t>(position_.last_epoch, 0),
                                plan.num_batches(), plan.num_samples()});
  while (position_.batch < plan.num_batches()) {
    clocks_.train.Resume();
    const absl::Status trained = TrainBatch(plan, &feeder);
    clocks_.train.Pause();
    KUR_RETURN_IF_ERROR(trained);
    KUR_RETURN_IF_ERROR(AfterBatch());
    if (cancelled_) return false;
    if (position_.batch < plan.num_batches() && position_.clock_limit > 0 && LimitReached()) {
      host_.events->OnLog(LogLevel::kInfo, "the time to train is over");
      return false;
    }
  }
  return true;
}

absl::Status Trainer::TrainBatch(const BatchPlan& plan, BatchFeeder* feeder) {
  const double start = MonotonicSeconds();
  at::manual_seed(BatchSeed(position_.seed, position_.total_batches));
  KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder->Load(plan, position_.batch));
  data_seconds_ += MonotonicSeconds() - start;
  clocks_.batch.Resume();
  statistics_->Save();
  KUR_ASSIGN_OR_RETURN(const Workload::BatchLoss loss,
                       workload_->ComputeLoss(batch, /*training=*/true));
  skipped_ += loss.skipped;
  std::string trouble = TroubleOf(loss);
  if (trouble.empty() && !stepper_->AddGradients(loss.total, plan, batch)) {
    stepper_->Drop();
    trouble = "a gradient became NaN or infinite";
  }
  if (!stepper_->StepIfDue(plan)) trouble = "the norm of the gradients became NaN or infinite";
  clocks_.batch.Pause();
  writer_->StateChanged();
  if (trouble.empty()) {
    skipped_in_a_row_ = 0;
  } else {
    KUR_RETURN_IF_ERROR(HandleNonFinite(trouble, plan, batch));
  }
  return CountBatch(loss, plan.size(position_.batch), trouble.empty(), start);
}

// Counts a batch and reports it. What was left out is no part of the mean over the epoch.
absl::Status Trainer::CountBatch(const Workload::BatchLoss& loss, int64_t size, bool trained,
                                 double start) {
  ++position_.batch;
  ++position_.total_batches;
  ++position_.run_batches;
  ++position_.checkpoint_batches;
  position_.total_samples += size;
  position_.checkpoint_samples += size;
  if (trained) position_.epoch_samples += size;
  double sum = 0;
  std::map<std::string, double> losses;
  for (const auto& [name, value] : loss.losses) {
    if (trained) position_.loss_sums[name] += value * static_cast<double>(size);
    sum += position_.loss_sums[name];
    losses[name] = value;
  }
  if (log_ != nullptr) KUR_RETURN_IF_ERROR(log_->LogBatch(size, losses));
  if (hooks_->has_training_hooks()) {
    history_.AddBatch(
        {static_cast<double>(position_.total_batches), clocks_.all.seconds(), loss.value});
  }
  const double seconds = MonotonicSeconds() - start;
  position_.epoch_seconds += seconds;
  position_.checkpoint_seconds += seconds;
  host_.events->OnBatch({position_.epoch + 1, position_.batch, size, loss.value,
                         position_.epoch_samples,
                         sum / static_cast<double>(std::max<int64_t>(position_.epoch_samples, 1))});
  return absl::OkStatus();
}

std::string Trainer::TroubleOf(const Workload::BatchLoss& loss) const {
  for (const auto& [name, value] : loss.losses) {
    if (std::isfinite(value)) continue;
    return absl::StrCat("the loss of the output '", name, "' became ",
                        std::isnan(value) ? "NaN" : "infinite");
  }
  return "";
}

// Ends the run, or leaves the batch out, as `train.non_finite` says. The state is that before the
// batch.
absl::Status Trainer::HandleNonFinite(const std::string& trouble, const BatchPlan& plan,
                                      const TensorMap& batch) {
  constexpr int kMostSkipped = 100;
  const bool stop = train().options.non_finite == "stop";
  const std::string where =
      absl::StrCat(" in batch ", position_.batch + 1, " of epoch ", position_.epoch + 1);
  statistics_->Restore();
  std::string cause;
  if (!examined_) {
    examined_ = true;
    at::manual_seed(BatchSeed(position_.seed, position_.total_batches));
    cause = absl::StrCat("; first to be so is ", FindNonFinite(batch, &*workload_));
    statistics_->Restore();
    const int64_t* samples = plan.indices(position_.batch);
    const absl::Status kept =
        writer_->WriteEvidence({"non_finite.kur", train().data.location, "train.non_finite"},
                               {samples, samples + plan.size(position_.batch)});
    if (!kept.ok()) host_.events->OnLog(LogLevel::kWarning, std::string(kept.message()));
  }
  if (!stop && ++skipped_in_a_row_ < kMostSkipped) {
    host_.events->OnLog(LogLevel::kWarning,
                        absl::StrCat(trouble, where, cause, "; the batch is left out"));
    return absl::OkStatus();
  }
  return absl::OutOfRangeError(absl::StrCat(
      trouble, where, stop ? "" : absl::StrCat(", as in the ", kMostSkipped - 1, " before it"),
      cause, "; normalise the data, lower the learning rate (now ", stepper_->learning_rate(),
      "), or clip the gradients"));
}

absl::Status Trainer::AfterBatch() {
  KUR_RETURN_IF_ERROR(CheckpointIfDue(/*epoch_done=*/false));
  cancelled_ = cancelled_ || host_.control->IsCancelled();
  while (const auto command = host_.control->TakeCommand()) {
    KUR_RETURN_IF_ERROR(HandleCommand(*command));
  }
  return writer_->WriteResumeFileIfDue(/*now=*/false);
}

absl::Status Trainer::HandleCommand(const RunCommand& command) {
  if (!train().checkpoint && options_.resume_path.empty()) {
    host_.events->OnCommandDone(
        command.id,
        absl::FailedPreconditionError(
            "nothing is written: the section train has no checkpoint, and the run keeps "
            "nothing to go on from"));
    return absl::OkStatus();
  }
  const absl::Status written = WriteRequestedCheckpoint();
  host_.events->OnCommandDone(command.id, written);
  return written;
}

absl::Status Trainer::WriteRequestedCheckpoint() {
  if (train().checkpoint) {
    KUR_RETURN_IF_ERROR(writer_->WriteWeights(train().checkpoint->path, "checkpoint on request"));
  }
  KUR_RETURN_IF_ERROR(writer_->WriteResumeFileIfDue(/*now=*/true));
  host_.events->OnLog(LogLevel::kInfo, absl::StrCat("checkpoint after batch ", position_.batch,
                                                    " of epoch ", position_.epoch + 1));
  return absl::OkStatus();
}

absl::Status Trainer::FinishEpoch() {
  EpochFinished finished;
  finished.epoch = position_.epoch + 1;
  finished.samples = position_.epoch_samples;
  finished.seconds = position_.epoch_seconds;
  finished.data_seconds = std::exchange(data_seconds_, 0);
  finished.learning_rate = stepper_->learning_rate();
  for (const auto& [name, sum] : position_.loss_sums) {
    finished.losses[name] = sum / static_cast<double>(std::max<int64_t>(finished.samples, 1));
    finished.loss += finished.losses[name];
  }
  host_.events->OnEpochFinished(finished);
  if (skipped_ > 0)
    host_.events->OnLog(LogLevel::kWarning, SkippedText(skipped_, finished.samples));
  skipped_ = 0;
  ++position_.epoch;
  ++position_.run_epochs;
  ++position_.checkpoint_epochs;
  position_.batch = 0;
  position_.epoch_samples = 0;
  position_.epoch_seconds = 0;
  position_.loss_sums.clear();
  position_.latest_training_loss = finished.loss;
  writer_->StateChanged();
  // An epoch of which everything was left out has a loss of 0.
  if (finished.samples > 0 && Improves(finished.loss, position_.best_training_loss)) {
    position_.best_training_loss = finished.loss;
    if (train().weights.best) {
      KUR_RETURN_IF_ERROR(writer_->WriteWeights(*train().weights.best, "best training loss"));
    }
  }
  if (log_ != nullptr) KUR_RETURN_IF_ERROR(log_->LogTraining(finished.losses));
  KUR_RETURN_IF_ERROR(Validate(std::nullopt, /*epoch_done=*/true));
  KUR_RETURN_IF_ERROR(NotifyHooks(TrainingNews::Moment::kOnTheWay));
  // Last, as nothing of the epoch may be left to do for a run that goes on from there.
  KUR_RETURN_IF_ERROR(CheckpointIfDue(/*epoch_done=*/true));
  return writer_->WriteResumeFileIfDue(/*now=*/false);
}

absl::Status Trainer::Validate(std::optional<int64_t> max_batches, bool epoch_done) {
  if (validation_.empty() || cancelled_) return absl::OkStatus();
  clocks_.validate.Resume();
  std::optional<ValidationResult> result;
  {
    const WeightAverage::InPlace averaged(average());
    KUR_ASSIGN_OR_RETURN(
        result, RunValidation(validation_, {position_.epoch, position_.validations, max_batches},
                              &*workload_, host_));
    if (result.has_value()) KUR_RETURN_IF_ERROR(ApplyValidationHooks(*result));
  }
  clocks_.validate.Pause();
  if (!result.has_value()) {
    cancelled_ = true;
    return absl::OkStatus();
  }
  ++position_.validations;
  position_.latest_validation_loss = result->loss;
  if (epoch_done) KUR_RETURN_IF_ERROR(Observe(*result));
  const bool best = Improves(result->loss, position_.best_validation_loss);
  if (best) position_.best_validation_loss = result->loss;
  writer_->StateChanged();
  const auto& file = kurfile_.sections().validate->best;
  if (best && file) {
    KUR_RETURN_IF_ERROR(writer_->WriteWeights(*file, "best validation loss"));
  }
  return log_ == nullptr ? absl::OkStatus() : log_->LogValidation(result->losses, result->parts);
}

// What follows from the validation after an epoch for the rest of the run.
absl::Status Trainer::Observe(const ValidationResult& result) {
  const TrainingOptions& options = train().options;
  if (options.schedule != nullptr) {
    options.schedule->Observe(result.loss, &position_.schedule_state);
  }
  if (!options.early_stopping) return absl::OkStatus();
  KUR_ASSIGN_OR_RETURN(const std::string news,
                       WatchForEarlyEnd(*options.early_stopping, result, &position_));
  if (!news.empty()) host_.events->OnLog(LogLevel::kInfo, news);
  return absl::OkStatus();
}

absl::Status Trainer::ApplyValidationHooks(const ValidationResult& result) {
  for (const OpenSet& set : validation_) {
    history_.AddValidation(set.name, {static_cast<double>(position_.total_batches),
                                      clocks_.all.seconds(), result.set_losses.at(set.name)});
    if (!validation_hooks_->has_result_hooks()) continue;
    KUR_ASSIGN_OR_RETURN(const HookData batch, workload_->FirstBatch(set));
    KUR_RETURN_IF_ERROR(validation_hooks_->Apply(batch).status());
  }
  return absl::OkStatus();
}

absl::Status Trainer::NotifyHooks(TrainingNews::Moment moment) {
  // Epochs may be short, and hooks write files and send messages.
  constexpr double kLeastSeconds = 5;
  const bool can_wait = moment == TrainingNews::Moment::kOnTheWay;
  if (can_wait && MonotonicSeconds() < next_notification_) return absl::OkStatus();
  TrainingNews news;
  news.moment = moment;
  news.epochs = position_.epoch;
  if (position_.last_epoch > 0) news.total_epochs = position_.last_epoch;
  news.training_loss = position_.latest_training_loss;
  news.validation_loss = position_.latest_validation_loss;
  KUR_RETURN_IF_ERROR(hooks_->Notify(news, history_));
  next_notification_ = MonotonicSeconds() + kLeastSeconds;
  return absl::OkStatus();
}

absl::Status Trainer::CheckpointIfDue(bool epoch_done) {
  if (!train().checkpoint) return absl::OkStatus();
  const CheckpointSection& section = *train().checkpoint;
  constexpr double kMinute = 60;
  const bool due =
      epoch_done ? section.epochs && position_.checkpoint_epochs >= *section.epochs
                 : (section.batches && position_.checkpoint_batches >= *section.batches) ||
                       (section.samples && position_.checkpoint_samples >= *section.samples) ||
                       (section.minutes && position_.checkpoint_seconds >=
                                               kMinute * static_cast<double>(*section.minutes));
  if (!due) return absl::OkStatus();
  position_.checkpoint_epochs = 0;
  position_.checkpoint_batches = 0;
  position_.checkpoint_samples = 0;
  position_.checkpoint_seconds = 0;
  writer_->StateChanged();
  KUR_RETURN_IF_ERROR(writer_->WriteWeights(section.path, "checkpoint"));
  // Before the file to go on from: a run that goes on from there does not validate again.
  if (section.validate && !epoch_done) {
    KUR_RETURN_IF_ERROR(Validate(section.validation_batches, /*epoch_done=*/false));
  }
  return writer_->WriteResumeFileIfDue(/*now=*/true);
}

}  // namespace kur
