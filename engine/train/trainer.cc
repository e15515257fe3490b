#include "engine/train/trainer.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/kurfile/diagnostics.h"

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

absl::StatusOr<Checkpoint> ReadWeights(const std::string& path) {
  if (IsDirectory(path)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is a folder, but weights are one file (safetensors)"));
  }
  return ReadCheckpoint(path);
}

}  // namespace

absl::StatusOr<RunEnd> Trainer::Run() {
  KUR_RETURN_IF_ERROR(Prepare());
  all_clock_.Resume();
  while (!cancelled_ && !LimitReached()) {
    KUR_ASSIGN_OR_RETURN(const bool complete, TrainEpoch());
    if (complete) KUR_RETURN_IF_ERROR(FinishEpoch());
    if (!complete) break;
  }
  if (train().weights.last) {
    KUR_RETURN_IF_ERROR(WriteWeights(*train().weights.last, "last weights"));
  }
  KUR_RETURN_IF_ERROR(NotifyHooks(/*now=*/true));
  if (log_ != nullptr) KUR_RETURN_IF_ERROR(FlushLog());
  return cancelled_ ? RunEnd::kCancelled : RunEnd::kSucceeded;
}

absl::Status Trainer::Prepare() {
  position_.seed = options_.seed;
  KUR_ASSIGN_OR_RETURN(resumed_, ResumeRun());
  KUR_ASSIGN_OR_RETURN(auto sets,
                       OpenData(train().data, paths_, position_.seed, /*randomize=*/true));
  data_.emplace(std::move(sets[0]));
  KUR_ASSIGN_OR_RETURN(auto workload, Workload::Build(kurfile_, data_->provider, options_));
  workload_.emplace(std::move(workload));
  if (const auto& validate = kurfile_.sections().validate) {
    KUR_ASSIGN_OR_RETURN(validation_,
                         OpenData(validate->data, paths_, position_.seed, /*randomize=*/true));
    for (const OpenSet& set : validation_) {
      KUR_RETURN_IF_ERROR(workload_->CheckSources(validate->data, set.provider));
    }
    validation_hooks_.emplace(validate->hooks, observer_);
  }
  hooks_.emplace(train().hooks, observer_);
  const OptimizerBuilder* builder =
      Registry<OptimizerBuilder>::Get().Find(train().optimizer->kind());
  optimizer_ = builder->build(*train().optimizer, workload_->model().TrainableParameters());
  KUR_RETURN_IF_ERROR(OpenLog());
  if (resumed_) {
    KUR_ASSIGN_OR_RETURN(const Checkpoint saved, ReadCheckpoint(options_.resume_path));
    KUR_RETURN_IF_ERROR(workload_->model().LoadWeights(saved.weights));
    KUR_RETURN_IF_ERROR(optimizer_->Restore(saved.optimizer_state, saved.optimizer_steps));
  } else {
    KUR_RETURN_IF_ERROR(LoadInitialWeights());
    SetLimits();
  }
  all_clock_.Reset(position_.clocks["all"]);
  train_clock_.Reset(position_.clocks["train"]);
  validate_clock_.Reset(position_.clocks["validate"]);
  batch_clock_.Reset(position_.clocks["batch"]);
  next_resume_write_ = MonotonicSeconds() + options_.resume_interval_seconds;
  ReportStart();
  // What the run begins with, it may itself overwrite: a process that goes on after this one was
  // killed must not begin with that.
  const bool begins_with_files = log_ != nullptr || initial_weights_loaded_;
  return WriteResumeFileIfDue(/*now=*/!resumed_ && begins_with_files);
}

// Takes the position over if an earlier process of this run left one.
absl::StatusOr<bool> Trainer::ResumeRun() {
  if (options_.resume_path.empty() || !Exists(options_.resume_path)) return false;
  auto saved = ReadCheckpoint(options_.resume_path);
  if (!saved.ok()) {
    observer_->OnLog(LogLevel::kWarning, absl::StrCat("beginning anew, as what an earlier process "
                                                      "of this run left cannot be read: ",
                                                      saved.status().message()));
    return false;
  }
  position_ = saved->position;
  return true;
}

absl::Status Trainer::OpenLog() {
  if (!train().log) return absl::OkStatus();
  const LogSection& section = *train().log;
  const auto path = paths_.ForWriting(section.path.path);
  if (!path.ok()) {
    return ErrorAt(section.path.location, section.path.key, std::string(path.status().message()));
  }
  // Rows that an earlier process of this run wrote after the state that we go on from are written
  // again.
  if (resumed_ && !position_.log_commit.empty()) {
    KUR_RETURN_IF_ERROR(KurLog::Rewind(FileSystem::Posix(), *path, position_.log_commit));
  }
  KurLog::Options log_options;
  log_options.keep_batch = section.keep_batch;
  log_options.rate = section.rate;
  auto log = KurLog::Open(FileSystem::Posix(), *path, log_options);
  if (!log.ok()) {
    return ErrorAt(section.path.location, section.path.key,
                   absl::StrCat("the training log cannot be used: ", log.status().message()));
  }
  log_ = *std::move(log);
  if (resumed_) return absl::OkStatus();
  position_.epoch = log_->summary().epochs;
  position_.total_batches = log_->summary().batches;
  position_.total_samples = log_->summary().samples;
  position_.best_training_loss = log_->best_training_loss();
  position_.best_validation_loss = log_->best_validation_loss();
  position_.clocks = log_->summary().clocks;
  return absl::OkStatus();
}

absl::Status Trainer::LoadInitialWeights() {
  const auto& initial = train().weights.initial;
  if (!initial) return absl::OkStatus();
  const auto path = paths_.ForReading(initial->path);
  if (absl::IsNotFound(path.status()) && !initial->must_exist) {
    observer_->OnLog(LogLevel::kInfo, absl::StrCat("no weights at ", initial->path,
                                                   " yet: beginning with fresh ones"));
    return absl::OkStatus();
  }
  const auto failed = [&](const absl::Status& status) {
    return ErrorAt(
        initial->location, initial->key,
        absl::StrCat("the initial weights ", initial->path, " cannot be used: ", status.message()));
  };
  if (!path.ok()) return failed(path.status());
  auto saved = ReadWeights(*path);
  if (!saved.ok()) return failed(saved.status());
  const absl::Status loaded = workload_->model().LoadWeights(saved->weights);
  if (!loaded.ok()) {
    return failed(absl::InvalidArgumentError(
        absl::StrCat(loaded.message(),
                     "; a changed model begins with fresh weights in another "
                     "project, or without train.weights.initial")));
  }
  initial_weights_loaded_ = true;
  std::string also;
  if (saved->optimizer == train().optimizer->kind() &&
      optimizer_->Restore(saved->optimizer_state, saved->optimizer_steps).ok()) {
    also = ", with the state of the optimizer";
  }
  observer_->OnLog(LogLevel::kInfo,
                   absl::StrCat("going on from the weights ", initial->path, also));
  // The log knows better, where there is one.
  if (log_ == nullptr) {
    position_.epoch = saved->position.epoch;
    position_.total_batches = saved->position.total_batches;
    position_.total_samples = saved->position.total_samples;
  }
  return absl::OkStatus();
}

// Fixes when the run stops, so that a resumed run stops where the first one would have.
void Trainer::SetLimits() {
  const StopCondition& stop = train().stop;
  const bool total = stop.total && log_ != nullptr;
  if (stop.total && log_ == nullptr) {
    observer_->OnLog(LogLevel::kWarning,
                     "the mode 'total' needs a log: training as if it were 'additional'");
  }
  if (stop.epochs) position_.last_epoch = *stop.epochs + (total ? 0 : position_.epoch);
  if (stop.seconds) {
    position_.clock_limit = *stop.seconds + (total ? 0 : position_.clocks[stop.clock]);
  }
  // 0 stands for "no limit", so "no epochs at all" is a limit that has been reached.
  if (stop.epochs && position_.last_epoch == 0) position_.last_epoch = -1;
}

void Trainer::ReportStart() {
  RunStarted started;
  started.parameters = workload_->model().num_parameters();
  started.layers = static_cast<int64_t>(workload_->model().num_layers());
  started.samples = data_->provider.num_samples();
  started.resumed_at_batch = position_.run_batches;
  started.device = options_.device;
  started.threads = at::get_num_threads();
  observer_->OnStarted(started);
}

bool Trainer::LimitReached() const {
  if (position_.last_epoch != 0 && position_.epoch >= position_.last_epoch) return true;
  if (position_.clock_limit <= 0) return false;
  const std::string& clock = train().stop.clock;
  const Stopwatch& watch = clock == "train"      ? train_clock_
                           : clock == "validate" ? validate_clock_
                           : clock == "batch"    ? batch_clock_
                                                 : all_clock_;
  return watch.seconds() >= position_.clock_limit;
}

// False if the run ended before the epoch did.
absl::StatusOr<bool> Trainer::TrainEpoch() {
  const BatchPlan plan = data_->provider.EpochPlan(position_.epoch);
  BatchFeeder feeder(data_->provider, workload_->SourceNames(), workload_->model().device());
  observer_->OnEpochStarted({position_.epoch + 1, std::max<int64_t>(position_.last_epoch, 0),
                             plan.num_batches(), plan.num_samples()});
  while (position_.batch < plan.num_batches()) {
    train_clock_.Resume();
    const absl::Status trained = TrainBatch(plan, &feeder);
    train_clock_.Pause();
    KUR_RETURN_IF_ERROR(trained);
    KUR_RETURN_IF_ERROR(AfterBatch());
    if (cancelled_) return false;
    if (position_.batch < plan.num_batches() && position_.clock_limit > 0 && LimitReached()) {
      observer_->OnLog(LogLevel::kInfo, "the time to train is over");
      return false;
    }
  }
  return true;
}

absl::Status Trainer::TrainBatch(const BatchPlan& plan, BatchFeeder* feeder) {
  const double start = MonotonicSeconds();
  at::manual_seed(BatchSeed(position_.seed, position_.total_batches));
  KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder->Load(plan, position_.batch));
  batch_clock_.Resume();
  Workload::BatchLoss loss = workload_->ComputeLoss(batch, /*training=*/true);
  KUR_RETURN_IF_ERROR(CheckFinite(loss));
  loss.total.backward();
  optimizer_->Step(train().optimizer->clip);
  batch_clock_.Pause();
  serialized_.clear();

  const int64_t size = plan.size(position_.batch);
  ++position_.batch;
  ++position_.total_batches;
  ++position_.run_batches;
  ++position_.checkpoint_batches;
  position_.total_samples += size;
  position_.checkpoint_samples += size;
  position_.epoch_samples += size;
  double sum = 0;
  std::map<std::string, double> losses;
  for (const auto& [name, value] : loss.losses) {
    position_.loss_sums[name] += value * static_cast<double>(size);
    sum += position_.loss_sums[name];
    losses[name] = value;
  }
  if (log_ != nullptr) KUR_RETURN_IF_ERROR(log_->LogBatch(size, losses));
  if (hooks_->has_training_hooks()) {
    history_.AddBatch(
        {static_cast<double>(position_.total_batches), all_clock_.seconds(), loss.value});
  }
  const double seconds = MonotonicSeconds() - start;
  position_.epoch_seconds += seconds;
  position_.checkpoint_seconds += seconds;
  observer_->OnBatch({position_.epoch + 1, position_.batch, size, loss.value,
                      position_.epoch_samples, sum / static_cast<double>(position_.epoch_samples)});
  return absl::OkStatus();
}

absl::Status Trainer::CheckFinite(const Workload::BatchLoss& loss) const {
  for (const auto& [name, value] : loss.losses) {
    if (std::isfinite(value)) continue;
    return absl::OutOfRangeError(absl::StrCat(
        "the loss of the output '", name, "' became ", std::isnan(value) ? "NaN" : "infinite",
        " in batch ", position_.batch + 1, " of epoch ", position_.epoch + 1,
        "; normalise the data, lower the learning rate (now ", train().optimizer->learning_rate,
        "), or clip the gradients"));
  }
  return absl::OkStatus();
}

absl::Status Trainer::AfterBatch() {
  KUR_RETURN_IF_ERROR(CheckpointIfDue(/*epoch_done=*/false));
  cancelled_ = cancelled_ || observer_->CancelRequested();
  if (observer_->TakeCheckpointRequest()) {
    if (train().checkpoint) {
      KUR_RETURN_IF_ERROR(WriteWeights(train().checkpoint->path, "checkpoint on request"));
    }
    KUR_RETURN_IF_ERROR(WriteResumeFileIfDue(/*now=*/true));
    observer_->OnLog(LogLevel::kInfo, absl::StrCat("checkpoint after batch ", position_.batch,
                                                   " of epoch ", position_.epoch + 1));
  }
  return WriteResumeFileIfDue(/*now=*/false);
}

absl::Status Trainer::FinishEpoch() {
  EpochFinished finished;
  finished.epoch = position_.epoch + 1;
  finished.samples = position_.epoch_samples;
  finished.seconds = position_.epoch_seconds;
  for (const auto& [name, sum] : position_.loss_sums) {
    finished.losses[name] = sum / static_cast<double>(std::max<int64_t>(finished.samples, 1));
    finished.loss += finished.losses[name];
  }
  observer_->OnEpochFinished(finished);
  ++position_.epoch;
  ++position_.checkpoint_epochs;
  position_.batch = 0;
  position_.epoch_samples = 0;
  position_.epoch_seconds = 0;
  position_.loss_sums.clear();
  serialized_.clear();
  if (Improves(finished.loss, position_.best_training_loss)) {
    position_.best_training_loss = finished.loss;
    if (train().weights.best) {
      KUR_RETURN_IF_ERROR(WriteWeights(*train().weights.best, "best training loss"));
    }
  }
  if (log_ != nullptr) KUR_RETURN_IF_ERROR(log_->LogTraining(finished.losses));
  KUR_RETURN_IF_ERROR(Validate(std::nullopt));
  KUR_RETURN_IF_ERROR(NotifyHooks(/*now=*/false));
  // Last, as nothing of the epoch may be left to do for a run that goes on from there.
  KUR_RETURN_IF_ERROR(CheckpointIfDue(/*epoch_done=*/true));
  return WriteResumeFileIfDue(/*now=*/false);
}

absl::Status Trainer::Validate(std::optional<int64_t> max_batches) {
  if (validation_.empty() || cancelled_) return absl::OkStatus();
  validate_clock_.Resume();
  std::map<std::string, double> losses;
  std::map<std::string, KurLog::Statistics> parts;
  int64_t samples = 0;
  for (const OpenSet& set : validation_) {
    KUR_ASSIGN_OR_RETURN(auto measured,
                         workload_->Measure("validate", set, max_batches, observer_));
    if (!measured.has_value()) {
      cancelled_ = true;
      validate_clock_.Pause();
      return absl::OkStatus();
    }
    measured->epoch = position_.epoch;
    observer_->OnMeasured(*measured);
    for (const auto& [name, loss] : measured->losses) {
      losses[name] += loss * static_cast<double>(measured->samples);
    }
    if (validation_.size() > 1) parts[set.name] = measured->losses;
    history_.AddValidation(set.name, {static_cast<double>(position_.total_batches),
                                      all_clock_.seconds(), measured->loss});
    if (validation_hooks_->has_result_hooks()) {
      KUR_ASSIGN_OR_RETURN(const HookData batch, workload_->FirstBatch(set));
      KUR_RETURN_IF_ERROR(validation_hooks_->Apply(batch).status());
    }
    samples += measured->samples;
  }
  validate_clock_.Pause();
  double total = 0;
  for (auto& [name, loss] : losses) {
    loss /= static_cast<double>(samples);
    total += loss;
  }
  if (Improves(total, position_.best_validation_loss)) {
    position_.best_validation_loss = total;
    serialized_.clear();
    const auto& best = kurfile_.sections().validate->best;
    if (best) KUR_RETURN_IF_ERROR(WriteWeights(*best, "best validation loss"));
  }
  return log_ == nullptr ? absl::OkStatus() : log_->LogValidation(losses, parts);
}

absl::Status Trainer::NotifyHooks(bool now) {
  // Epochs may be short, and what hooks write are files.
  constexpr double kLeastSeconds = 5;
  if (!now && MonotonicSeconds() < next_notification_) return absl::OkStatus();
  KUR_RETURN_IF_ERROR(hooks_->Notify(history_));
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
  serialized_.clear();
  KUR_RETURN_IF_ERROR(WriteWeights(section.path, "checkpoint"));
  KUR_RETURN_IF_ERROR(WriteResumeFileIfDue(/*now=*/true));
  if (!section.validate || epoch_done) return absl::OkStatus();
  return Validate(section.validation_batches);
}

void Trainer::ReadClocks() {
  position_.clocks = {{"all", all_clock_.seconds()},
                      {"train", train_clock_.seconds()},
                      {"validate", validate_clock_.seconds()},
                      {"batch", batch_clock_.seconds()}};
}

absl::Status Trainer::FlushLog() {
  ReadClocks();
  log_->SetClocks(position_.clocks);
  return log_->Flush();
}

absl::StatusOr<const std::string*> Trainer::Serialized() {
  if (serialized_.empty()) {
    ReadClocks();
    Checkpoint checkpoint;
    checkpoint.weights = workload_->model().Weights();
    checkpoint.optimizer = train().optimizer->kind();
    checkpoint.optimizer_state = optimizer_->State();
    checkpoint.optimizer_steps = optimizer_->steps();
    checkpoint.position = position_;
    KUR_ASSIGN_OR_RETURN(serialized_, SerializeCheckpoint(checkpoint));
  }
  return &serialized_;
}

absl::Status Trainer::WriteWeights(const FileReference& file, const std::string& description) {
  KUR_ASSIGN_OR_RETURN(const std::string* content, Serialized());
  ArtifactInfo info;
  info.file = file;
  info.description = description;
  info.epoch = position_.epoch;
  info.batch = position_.total_batches;
  return observer_->WriteArtifact(info, *content);
}

absl::Status Trainer::WriteResumeFileIfDue(bool now) {
  if (options_.resume_path.empty()) return absl::OkStatus();
  const double start = MonotonicSeconds();
  if (!now && start < next_resume_write_) return absl::OkStatus();
  if (log_ != nullptr) {
    KUR_RETURN_IF_ERROR(FlushLog());
    position_.log_commit = log_->committed();
    serialized_.clear();
  }
  KUR_ASSIGN_OR_RETURN(const std::string* content, Serialized());
  KUR_RETURN_IF_ERROR(
      WriteFileAtomically(FileSystem::Posix(), options_.resume_path, *content, 0600));
  constexpr double kLeastTimesCost = 50;
  const double end = MonotonicSeconds();
  next_resume_write_ =
      end + std::max(options_.resume_interval_seconds, kLeastTimesCost * (end - start));
  return absl::OkStatus();
}

}  // namespace kur
