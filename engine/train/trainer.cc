#include "engine/train/trainer.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/train/hook_data.h"
#include "engine/train/stopwatch.h"

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

// Names the first output whose loss is not finite; "" if all are.
std::string FindNonFiniteLoss(const Objective::BatchLoss& loss) {
  for (const auto& [name, value] : loss.losses) {
    if (std::isfinite(value)) continue;
    return absl::StrCat("the loss of the output '", name, "' became ",
                        std::isnan(value) ? "NaN" : "infinite");
  }
  return "";
}

}  // namespace

Trainer::Trainer(Training training, const Kurfile& kurfile, const RunOptions& options,
                 const RunHost& host)
    : kurfile_(kurfile),
      options_(options),
      host_(host),
      training_(std::move(training)),
      progress_(training_.position.progress),
      losses_(training_.position.losses),
      epoch_(training_.position.epoch),
      stop_(train().stop, training_.position.stop),
      checkpoint_(train().checkpoint, training_.position.checkpoint),
      early_stopping_(train().options.early_stopping, training_.position.early_stopping),
      clocks_(training_.position.clocks),
      stepper_(train(), {training_.optimizer.get(), training_.average.get(), &progress_},
               stop_.last_epoch(), training_.position.stepper),
      writer_({&training_.objective.model(), training_.optimizer.get(), train().optimizer->kind(),
               training_.average.get(), training_.log.get(), training_.encodings,
               training_.encodings_summary, [this] { return Position(); }},
              options, host, training_.position.log_commit),
      // How a sum is cut into parts depends on the number of threads; a card needs few.
      governor_(training_.deterministic != nullptr || !training_.objective.model().device().is_cpu()
                    ? 1
                    : at::get_num_threads()),
      constant_inputs_(training_.objective.model().inputs()),
      statistics_(training_.objective.model()) {}

TrainingPosition Trainer::Position() const {
  TrainingPosition position = training_.position;
  position.progress = progress_;
  position.losses = losses_;
  position.epoch = epoch_.state();
  position.stop = stop_.state();
  position.stepper = stepper_.state();
  position.checkpoint = checkpoint_.state();
  position.early_stopping = early_stopping_.state();
  position.clocks = clocks_.Read();
  return position;
}

absl::StatusOr<RunOutcome> Trainer::Run() {
  ReportStart();
  KUR_RETURN_IF_ERROR(writer_.WriteResumeFileIfDue(training_.must_save_start));
  KUR_RETURN_IF_ERROR(NotifyHooks(TrainingStatus::Phase::kStarted));
  clocks_.all.Resume();
  while (!cancelled_ && !IsDone()) {
    KUR_ASSIGN_OR_RETURN(const bool complete, TrainEpoch());
    if (complete) KUR_RETURN_IF_ERROR(FinishEpoch());
    if (!complete) break;
  }
  if (train().weights.last) {
    KUR_RETURN_IF_ERROR(writer_.WriteWeights(*train().weights.last, "last weights"));
  }
  KUR_RETURN_IF_ERROR(NotifyHooks(TrainingStatus::Phase::kEnded));
  KUR_RETURN_IF_ERROR(writer_.CommitLog());
  return cancelled_ ? RunOutcome::kCancelled : RunOutcome::kSucceeded;
}

void Trainer::ReportStart() {
  const Model& model = training_.objective.model();
  RunStarted started;
  started.parameters = model.num_parameters();
  started.layers = static_cast<int64_t>(model.num_layers());
  started.samples = training_.data.provider.num_samples();
  started.resumed_at_batch = progress_.run_batches;
  started.device = options_.device;
  started.threads = at::get_num_threads();
  host_.events->OnStarted(started);
}

bool Trainer::IsDone() const {
  return early_stopping_.ended() || stop_.IsReached(progress_.epoch, clocks_);
}

BatchFeeder Trainer::MakeFeeder() {
  std::set<std::string> also_read;
  if (train().optimizer->scale_rate) also_read.insert(*train().optimizer->scale_rate);
  BatchChange augment;
  if (!training_.augmenter.empty()) {
    augment = [this, epoch = progress_.epoch](const int64_t* samples, const BatchBuffers& batch) {
      training_.augmenter.Apply(epoch, samples, batch);
    };
  }
  return training_.objective.FeederOf(training_.data.provider, also_read, std::move(augment));
}

// False if the run ended before the epoch did.
absl::StatusOr<bool> Trainer::TrainEpoch() {
  const BatchPlan plan = training_.data.provider.EpochPlan(progress_.epoch);
  BatchFeeder feeder = MakeFeeder();
  host_.events->OnEpochStarted({progress_.epoch + 1, std::max<int64_t>(stop_.last_epoch(), 0),
                                plan.num_batches(), plan.num_samples()});
  while (progress_.batch < plan.num_batches()) {
    clocks_.train.Resume();
    const absl::Status trained = TrainBatch(plan, &feeder);
    clocks_.train.Pause();
    KUR_RETURN_IF_ERROR(trained);
    KUR_RETURN_IF_ERROR(AfterBatch());
    if (cancelled_) return false;
    if (progress_.batch < plan.num_batches() && stop_.limits_time() && IsDone()) {
      host_.events->OnLog(LogLevel::kInfo, "the time to train is over");
      return false;
    }
  }
  return true;
}

absl::Status Trainer::TrainBatch(const BatchPlan& plan, BatchFeeder* feeder) {
  const double start = MonotonicSeconds();
  governor_.BeforeStep();
  at::manual_seed(BatchSeed(training_.position.seed, progress_.total_batches));
  KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder->Load(plan, progress_.batch));
  epoch_.AddDataSeconds(MonotonicSeconds() - start);
  if (constant_inputs_.has_value()) constant_inputs_->Look(batch);
  clocks_.batch.Resume();
  statistics_.Save();
  KUR_ASSIGN_OR_RETURN(const Objective::BatchLoss loss,
                       training_.objective.ComputeLoss(batch, /*training=*/true));
  epoch_.AddUndefined(loss.undefined);
  std::string trouble = FindNonFiniteLoss(loss);
  if (trouble.empty() && !stepper_.AddGradients(loss.total, plan, batch)) {
    stepper_.Drop();
    trouble = "a gradient became NaN or infinite";
  }
  if (!stepper_.StepIfDue(plan)) trouble = "the norm of the gradients became NaN or infinite";
  clocks_.batch.Pause();
  writer_.StateChanged();
  if (trouble.empty()) {
    skipped_in_a_row_ = 0;
  } else {
    KUR_RETURN_IF_ERROR(HandleNonFinite(trouble, plan, batch));
  }
  return CountBatch(loss, plan.size(progress_.batch), trouble.empty(), start);
}

// Counts a batch and reports it. What was left out is no part of the mean over the epoch.
absl::Status Trainer::CountBatch(const Objective::BatchLoss& loss, int64_t size, bool trained,
                                 double start) {
  ++progress_.batch;
  ++progress_.total_batches;
  ++progress_.run_batches;
  progress_.total_samples += size;
  checkpoint_.CountBatch(size);
  const double mean_loss = epoch_.AddBatch(loss.losses, size, trained);
  if (training_.log != nullptr) {
    KUR_RETURN_IF_ERROR(training_.log->LogBatch(size, {loss.losses.begin(), loss.losses.end()}));
  }
  if (training_.hooks.has_training_hooks()) {
    history_.AddBatch(
        {static_cast<double>(progress_.total_batches), clocks_.all.seconds(), loss.value});
  }
  const double seconds = MonotonicSeconds() - start;
  epoch_.AddSeconds(seconds);
  checkpoint_.CountSeconds(seconds);
  governor_.AfterStep(seconds);
  if (governor_.gives_way() && !has_given_way_) {
    has_given_way_ = true;
    host_.events->OnLog(LogLevel::kInfo,
                        absl::StrCat("other programs use the processors: computing with ",
                                     governor_.threads(), " threads or more, whatever is faster"));
  }
  host_.events->OnBatch(
      {progress_.epoch + 1, progress_.batch, size, loss.value, epoch_.samples(), mean_loss});
  return absl::OkStatus();
}

// The state is that before the batch.
absl::Status Trainer::HandleNonFinite(const std::string& trouble, const BatchPlan& plan,
                                      const TensorMap& batch) {
  constexpr int kMostSkipped = 100;
  const bool stop = train().options.non_finite == "stop";
  const std::string where =
      absl::StrCat(" in batch ", progress_.batch + 1, " of epoch ", progress_.epoch + 1);
  statistics_.Restore();
  const std::string cause = examined_ ? "" : ExamineBatch(plan, batch);
  if (!stop && ++skipped_in_a_row_ < kMostSkipped) {
    host_.events->OnLog(LogLevel::kWarning,
                        absl::StrCat(trouble, where, cause, "; the batch is left out"));
    return absl::OkStatus();
  }
  return absl::OutOfRangeError(absl::StrCat(
      trouble, where, stop ? "" : absl::StrCat(", as in the ", kMostSkipped - 1, " before it"),
      cause, "; normalise the data, lower the learning rate (now ", stepper_.learning_rate(),
      "), or clip the gradients"));
}

std::string Trainer::ExamineBatch(const BatchPlan& plan, const TensorMap& batch) {
  examined_ = true;
  at::manual_seed(BatchSeed(training_.position.seed, progress_.total_batches));
  const std::string cause =
      absl::StrCat("; first to be so is ", FindNonFinite(batch, &training_.objective));
  statistics_.Restore();
  const int64_t* samples = plan.indices(progress_.batch);
  const absl::Status written =
      writer_.WriteEvidence({"non_finite.kur", train().data.location, "train.non_finite"},
                            {samples, samples + plan.size(progress_.batch)});
  if (!written.ok()) host_.events->OnLog(LogLevel::kWarning, std::string(written.message()));
  return cause;
}

absl::Status Trainer::AfterBatch() {
  KUR_RETURN_IF_ERROR(CheckpointIfDue(/*epoch_done=*/false));
  cancelled_ = cancelled_ || host_.control->IsCancelled();
  KUR_RETURN_IF_ERROR(HandleCommands());
  return writer_.WriteResumeFileIfDue(/*now=*/false);
}

absl::Status Trainer::HandleCommands() {
  std::vector<int64_t> ids;
  while (const auto command = host_.control->TakeCommand()) ids.push_back(command->id);
  if (ids.empty()) return absl::OkStatus();
  const bool writes = train().checkpoint.has_value() || !options_.resume_path.empty();
  // One checkpoint does for all that were asked for meanwhile.
  const absl::Status written =
      writes ? WriteRequestedCheckpoint()
             : absl::FailedPreconditionError(
                   "nothing is written: the section train has no checkpoint, and the run keeps "
                   "nothing to go on from");
  for (const int64_t id : ids) host_.events->OnCommandDone(id, written);
  return writes ? written : absl::OkStatus();
}

absl::Status Trainer::WriteRequestedCheckpoint() {
  if (train().checkpoint) {
    KUR_RETURN_IF_ERROR(writer_.WriteWeights(train().checkpoint->path, "checkpoint on request"));
  }
  KUR_RETURN_IF_ERROR(writer_.WriteResumeFileIfDue(/*now=*/true));
  host_.events->OnLog(
      LogLevel::kInfo,
      absl::StrCat(train().checkpoint ? "checkpoint" : "saved, to go on from, but without a file:",
                   " after batch ", progress_.batch, " of epoch ", progress_.epoch + 1));
  return absl::OkStatus();
}

absl::Status Trainer::FinishEpoch() {
  EpochFinished finished = epoch_.Summary();
  finished.epoch = progress_.epoch + 1;
  finished.learning_rate = stepper_.learning_rate();
  host_.events->OnEpochFinished(finished);
  if (epoch_.undefined() > 0) {
    host_.events->OnLog(LogLevel::kWarning,
                        UndefinedLossText(epoch_.undefined(), finished.samples));
  }
  if (constant_inputs_.has_value()) {
    for (const auto& [input, value] : constant_inputs_->Found()) {
      host_.events->OnLog(LogLevel::kWarning,
                          absl::StrCat("every value of the input '", input, "' is ", value,
                                       ": there is nothing to learn from it"));
    }
    constant_inputs_.reset();
  }
  ++progress_.epoch;
  ++progress_.run_epochs;
  progress_.batch = 0;
  checkpoint_.CountEpoch();
  epoch_.Reset();
  losses_.latest_training = finished.loss;
  writer_.StateChanged();
  // An epoch of which everything was left out has a loss of 0.
  if (finished.samples > 0 && Improves(finished.loss, losses_.best_training)) {
    losses_.best_training = finished.loss;
    if (train().weights.best) {
      KUR_RETURN_IF_ERROR(writer_.WriteWeights(*train().weights.best, "best training loss"));
    }
  }
  if (training_.log != nullptr) KUR_RETURN_IF_ERROR(training_.log->LogTraining(finished.losses));
  KUR_RETURN_IF_ERROR(Validate(std::nullopt, /*epoch_done=*/true));
  KUR_RETURN_IF_ERROR(NotifyHooks(TrainingStatus::Phase::kRunning));
  // Last, as nothing of the epoch may be left to do for a run that goes on from there.
  KUR_RETURN_IF_ERROR(CheckpointIfDue(/*epoch_done=*/true));
  return writer_.WriteResumeFileIfDue(/*now=*/false);
}

absl::Status Trainer::Validate(std::optional<int64_t> max_batches, bool epoch_done) {
  if (training_.validation.empty() || cancelled_) return absl::OkStatus();
  clocks_.validate.Resume();
  std::optional<ValidationResult> result;
  {
    const WeightAverage::InPlace averaged(training_.average.get());
    KUR_ASSIGN_OR_RETURN(result, RunValidation(training_.validation,
                                               {progress_.epoch, progress_.validations, max_batches,
                                                &training_.validation_metrics},
                                               &training_.objective, host_));
    if (result.has_value()) KUR_RETURN_IF_ERROR(ApplyValidationHooks(*result));
  }
  clocks_.validate.Pause();
  cancelled_ = !result.has_value();
  return cancelled_ ? absl::OkStatus() : RecordValidation(*result, epoch_done);
}

absl::Status Trainer::RecordValidation(const ValidationResult& result, bool epoch_done) {
  ++progress_.validations;
  losses_.latest_validation = result.loss;
  if (epoch_done) {
    stepper_.ObserveValidation(result.loss);
    KUR_ASSIGN_OR_RETURN(const std::string news, early_stopping_.Observe(result, progress_.epoch));
    if (!news.empty()) host_.events->OnLog(LogLevel::kInfo, news);
  }
  const bool best = Improves(result.loss, losses_.best_validation);
  if (best) losses_.best_validation = result.loss;
  writer_.StateChanged();
  const auto& file = kurfile_.sections().validate->best;
  if (best && file) {
    KUR_RETURN_IF_ERROR(writer_.WriteWeights(*file, "best validation loss"));
  }
  if (training_.log == nullptr) return absl::OkStatus();
  return training_.log->LogValidation(result.losses, result.parts);
}

absl::Status Trainer::ApplyValidationHooks(const ValidationResult& result) {
  for (const OpenSet& set : training_.validation) {
    history_.AddValidation(set.name, {static_cast<double>(progress_.total_batches),
                                      clocks_.all.seconds(), result.set_losses.at(set.name)});
    if (!training_.validation_hooks.has_result_hooks()) continue;
    KUR_ASSIGN_OR_RETURN(const HookData batch, FirstBatchOf(set, &training_.objective));
    KUR_RETURN_IF_ERROR(training_.validation_hooks.Apply(batch).status());
  }
  return absl::OkStatus();
}

absl::Status Trainer::NotifyHooks(TrainingStatus::Phase phase) {
  // Epochs may be short, and hooks write files and send messages.
  constexpr double kLeastSeconds = 5;
  const bool can_wait = phase == TrainingStatus::Phase::kRunning;
  if (can_wait && MonotonicSeconds() < next_notification_) return absl::OkStatus();
  TrainingStatus status;
  status.phase = phase;
  status.epochs = progress_.epoch;
  if (stop_.last_epoch() > 0) status.total_epochs = stop_.last_epoch();
  status.training_loss = losses_.latest_training;
  status.validation_loss = losses_.latest_validation;
  KUR_RETURN_IF_ERROR(training_.hooks.Notify(status, history_));
  next_notification_ = MonotonicSeconds() + kLeastSeconds;
  return absl::OkStatus();
}

absl::Status Trainer::CheckpointIfDue(bool epoch_done) {
  if (!checkpoint_.IsDue(epoch_done)) return absl::OkStatus();
  const CheckpointSection& section = *train().checkpoint;
  checkpoint_.Restart();
  writer_.StateChanged();
  KUR_RETURN_IF_ERROR(writer_.WriteWeights(section.path, "checkpoint"));
  // Before the file to go on from: a run that goes on from there does not validate again.
  if (section.validate && !epoch_done) {
    KUR_RETURN_IF_ERROR(Validate(section.validation_batches, /*epoch_done=*/false));
  }
  return writer_.WriteResumeFileIfDue(/*now=*/true);
}

}  // namespace kur
