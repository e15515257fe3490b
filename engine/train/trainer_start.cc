// Everything before the first batch.

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/kurfile/plan/optimizer_layers.h"
#include "engine/kurfile/specs/path_placeholders.h"
#include "engine/train/trainer.h"
#include "engine/train/weight_files.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// What the optimizer's `layers` say of the parameters of a model.
std::vector<NamedParameter> ParametersFor(const OptimizerSpec& spec, const ModelPlan& plan,
                                          const Model& model) {
  const auto keys = model.WeightKeys();
  std::vector<NamedParameter> parameters = model.TrainableParameters();
  for (NamedParameter& parameter : parameters) {
    const PlannedLayer* layer = plan.Find(keys.at(parameter.name).layer);
    for (const LayerOverride& entry : spec.layers) {
      if (!SpeaksOf(entry, *layer)) continue;
      if (entry.learning_rate) parameter.rate_factor = *entry.learning_rate / spec.learning_rate;
      if (entry.decay) parameter.decay = entry.decay;
    }
  }
  return parameters;
}

// Whether `name` is the normalised path of what `checkpoint` writes.
bool IsCheckpoint(const TrainSection& train, const std::string& name) {
  if (!train.checkpoint) return false;
  const auto pattern = NormalizeRelativePath(train.checkpoint->path.path);
  return pattern.ok() && (*pattern == name || MayBecome(*pattern, name));
}

// The regular files below a folder, the newest first.
std::vector<std::string> NewestFilesBelow(const std::string& folder) {
  using Entry = std::pair<std::filesystem::file_time_type, std::string>;
  std::vector<Entry> entries;
  std::error_code error;  // a folder or file that is not there any more is none
  std::filesystem::recursive_directory_iterator walk(folder, error);
  for (; !error && walk != end(walk); walk.increment(error)) {
    std::error_code unreadable;
    const auto time = walk->last_write_time(unreadable);
    if (!unreadable && walk->is_regular_file(unreadable)) entries.emplace_back(time, walk->path());
  }
  std::sort(entries.rbegin(), entries.rend());
  std::vector<std::string> files;
  for (Entry& entry : entries) files.push_back(std::move(entry.second));
  return files;
}

}  // namespace

DeterministicAlgorithms::DeterministicAlgorithms() {
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
}

DeterministicAlgorithms::~DeterministicAlgorithms() {
  at::globalContext().setDeterministicAlgorithms(false, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(false);
}

absl::Status Trainer::Prepare() {
  position_.seed = options_.seed;
  KUR_ASSIGN_OR_RETURN(resumed_, ResumeRun());
  KUR_RETURN_IF_ERROR(SetUpNumerics());
  KUR_RETURN_IF_ERROR(OpenSets());
  BuildOptimizer();
  KUR_RETURN_IF_ERROR(OpenLog());
  if (resumed_) {
    KUR_RETURN_IF_ERROR(Restore());
  } else {
    KUR_RETURN_IF_ERROR(LoadInitialWeights());
    SetLimits();
  }
  clocks_.Reset(position_.clocks);
  statistics_.emplace(workload_->model());
  stepper_.emplace(train(), optimizer_.get(), average(), &position_);
  RunWriter::State state;
  state.model = &workload_->model();
  state.optimizer = optimizer_.get();
  state.optimizer_kind = train().optimizer->kind();
  state.average = average();
  state.position = &position_;
  state.clocks = &clocks_;
  state.log = log_.get();
  writer_.emplace(state, options_, host_);
  ReportStart();
  // What the run begins with, it may itself overwrite: a process that goes on after this one was
  // killed must not begin with that.
  const bool begins_with_files = log_ != nullptr || initial_weights_loaded_;
  return writer_->WriteResumeFileIfDue(/*now=*/!resumed_ && begins_with_files);
}

absl::Status Trainer::SetUpNumerics() {
  const TrainingOptions& options = train().options;
  if (options.precision == "fp16" && c10::Device(options_.device).is_cpu()) {
    const Value* section = kurfile_.evaluated().Find("train");
    return ErrorAt(section->Find("precision")->location(), "train.precision",
                   "fp16 needs a GPU, and this run has the device 'cpu'; use bf16 or float32");
  }
  if (!options.deterministic) return absl::OkStatus();
  deterministic_.emplace();
  // How a sum is cut into parts depends on the number of threads.
  if (position_.threads == 0) position_.threads = at::get_num_threads();
  at::set_num_threads(position_.threads);
  host_.events->OnLog(LogLevel::kInfo, absl::StrCat("deterministic: seed ", position_.seed,
                                                    ", threads ", position_.threads));
  return absl::OkStatus();
}

absl::Status Trainer::OpenSets() {
  const OpenContext context = MakeOpenContext(kurfile_, paths_, options_.mode, host_);
  KUR_ASSIGN_OR_RETURN(auto sets,
                       OpenData(train().data, context, position_.seed, /*randomize=*/true));
  data_.emplace(std::move(sets[0]));
  KUR_ASSIGN_OR_RETURN(auto workload, Workload::Build(kurfile_, data_->provider, options_));
  workload_.emplace(std::move(workload));
  workload_->SetPrecision(train().options.precision);
  if (const auto& source = train().optimizer->scale_rate) {
    KUR_RETURN_IF_ERROR(CheckHasSource(data_->provider, *source, "train.optimizer.scale_rate",
                                       train().optimizer->location));
  }
  KUR_RETURN_IF_ERROR(SetUpAugmentation());
  hooks_.emplace(train().hooks, host_, options_.fetch);
  const auto& validate = kurfile_.sections().validate;
  if (!validate) return absl::OkStatus();
  validation_hooks_.emplace(validate->hooks, host_, options_.fetch);
  KUR_ASSIGN_OR_RETURN(validation_,
                       OpenData(validate->data, context, position_.seed, /*randomize=*/true));
  for (const OpenSet& set : validation_) {
    KUR_RETURN_IF_ERROR(workload_->CheckSources(validate->data, set.provider));
  }
  return absl::OkStatus();
}

absl::Status Trainer::SetUpAugmentation() {
  const auto& inputs = workload_->model().inputs();
  KUR_ASSIGN_OR_RETURN(auto augmenter,
                       Augmenter::Create(train().augmentations, data_->provider.sources(),
                                         {inputs.begin(), inputs.end()}, position_.seed,
                                         std::max(1u, std::thread::hardware_concurrency())));
  for (const auto& augmentation : train().augmentations) {
    if (augmentation->MixesSamples()) {
      KUR_RETURN_IF_ERROR(workload_->CheckMixable(*augmentation));
    }
  }
  if (!augmenter.empty()) augmenter_.emplace(std::move(augmenter));
  return absl::OkStatus();
}

void Trainer::BuildOptimizer() {
  const OptimizerSpec& spec = *train().optimizer;
  const Model& model = workload_->model();
  optimizer_ = Registry<OptimizerBuilder>::Get()
                   .Find(spec.kind())
                   ->build(spec, ParametersFor(spec, kurfile_.plan(), model));
  if (train().options.ema) {
    average_.emplace(model.TrainableParameters(), train().options.ema->decay);
  }
}

// Takes over what an earlier process of this run left.
absl::Status Trainer::Restore() {
  KUR_ASSIGN_OR_RETURN(const Checkpoint saved, ReadCheckpoint(resumed_from_));
  KUR_RETURN_IF_ERROR(LoadModel(saved));
  optimizer_->SetGradients(saved.gradients);
  return optimizer_->Restore(saved.optimizer_state, saved.optimizer_steps);
}

// With an average, training goes on from the weights behind it.
absl::Status Trainer::LoadModel(const Checkpoint& saved) {
  TensorMap weights = saved.weights;
  if (average_) {
    for (const auto& [name, tensor] : saved.trained_weights) weights[name] = tensor;
  }
  KUR_RETURN_IF_ERROR(workload_->model().LoadWeights(weights));
  if (average_) average_->Load(saved.weights);
  return absl::OkStatus();
}

// Takes the position over if an earlier process of this run left one.
absl::StatusOr<bool> Trainer::ResumeRun() {
  if (options_.resume_path.empty() || !options_.files->Exists(options_.resume_path)) return false;
  auto saved = ReadCheckpoint(options_.resume_path);
  if (saved.ok() && saved->optimizer.empty()) {
    saved = absl::DataLossError("it holds weights and nothing else");
  }
  if (!saved.ok()) return ResumeFromCheckpoint(saved.status());
  resumed_from_ = options_.resume_path;
  position_ = saved->position;
  return true;
}

// Takes the position of the newest good `checkpoint` that an earlier process of this run wrote.
// Other weights of the run will not do: they are written before an epoch is over.
absl::StatusOr<bool> Trainer::ResumeFromCheckpoint(const absl::Status& damage) {
  const std::string what =
      "what an earlier process of this run left to go on from cannot be read (";
  for (const std::string& file : NewestFilesBelow(options_.written_folder)) {
    const std::string name = file.substr(options_.written_folder.size() + 1);
    if (!IsCheckpoint(train(), name)) continue;
    auto saved = ReadCheckpoint(file);
    if (!saved.ok()) continue;
    resumed_from_ = file;
    position_ = saved->position;
    host_.events->OnLog(
        LogLevel::kWarning,
        absl::StrCat(what, damage.message(), "): going on from the checkpoint ", name,
                     ", which was written after ", position_.run_batches, " batches"));
    return true;
  }
  host_.events->OnLog(
      LogLevel::kWarning,
      absl::StrCat(what, damage.message(),
                   "), and no good checkpoint of this run is there: beginning anew"));
  return false;
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
    KUR_RETURN_IF_ERROR(KurLog::Rewind(*options_.files, *path, position_.log_commit));
  }
  KurLog::Options log_options;
  log_options.keep_batch = section.keep_batch;
  log_options.rate = section.rate;
  auto log = KurLog::Open(*options_.files, *path, log_options);
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
    host_.events->OnLog(LogLevel::kInfo, absl::StrCat("no weights at ", initial->path,
                                                      " yet: beginning with fresh ones"));
    return absl::OkStatus();
  }
  const auto failed = [&](const absl::Status& status) {
    return ErrorAt(
        initial->location, initial->key,
        absl::StrCat("the initial weights ", initial->path, " cannot be used: ", status.message()));
  };
  if (!path.ok()) return failed(path.status());
  auto saved = ReadWeights(initial->path, paths_, workload_->model(), host_.events);
  if (!saved.ok()) return failed(saved.status());
  const absl::Status loaded = LoadModel(*saved);
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
  host_.events->OnLog(LogLevel::kInfo,
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
    host_.events->OnLog(LogLevel::kWarning,
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
  host_.events->OnStarted(started);
}

}  // namespace kur
