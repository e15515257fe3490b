#include "engine/train/training_setup.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/kurfile/plan/optimizer_layers.h"
#include "engine/kurfile/specs/path_placeholders.h"
#include "engine/train/predictor.h"
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
      if (!AppliesTo(entry, *layer)) continue;
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
  return pattern.ok() && (*pattern == name || CanExpandTo(*pattern, name));
}

// Returns the names of the files below a folder that may be checkpoints, those that claim to be
// the furthest first. Their times tell nothing, as somebody may set the clock.
std::vector<std::string> FurthestCheckpoints(const TrainSection& train, const std::string& folder) {
  using Entry = std::tuple<int64_t, int64_t, int64_t, std::string>;
  std::vector<Entry> entries;
  std::error_code error;  // a folder or file that is not there any more is none
  std::filesystem::recursive_directory_iterator walk(folder, error);
  for (; !error && walk != end(walk); walk.increment(error)) {
    std::error_code unreadable;
    std::string name = walk->path().string().substr(folder.size() + 1);
    if (!walk->is_regular_file(unreadable) || !IsCheckpoint(train, name)) continue;
    const auto header = ReadCheckpointHeader(walk->path());
    if (!header.ok()) continue;
    const TrainingProgress& progress = header->position.progress;
    // The second and the third tell checkpoints after the last batch of an epoch apart.
    entries.emplace_back(progress.run_batches, progress.run_epochs, progress.validations,
                         std::move(name));
  }
  std::sort(entries.rbegin(), entries.rend());
  std::vector<std::string> names;
  for (Entry& entry : entries) names.push_back(std::move(std::get<std::string>(entry)));
  return names;
}

// With an average, training goes on from the weights behind it.
absl::Status LoadModel(const Checkpoint& saved, Training* training) {
  TensorMap weights = saved.weights;
  if (training->average != nullptr) {
    for (const auto& [name, tensor] : saved.trained_weights) weights[name] = tensor;
  }
  KUR_RETURN_IF_ERROR(training->objective.model().LoadWeights(weights));
  if (training->average != nullptr) training->average->Load(saved.weights);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Training> TrainingSetup::Build() {
  position_.seed = options_.seed;
  FindPosition();
  KUR_ASSIGN_OR_RETURN(auto deterministic, SetUpNumerics());
  KUR_ASSIGN_OR_RETURN(Training training, OpenSets());
  training.deterministic = std::move(deterministic);
  BuildOptimizer(&training);
  KUR_RETURN_IF_ERROR(OpenLog(&training));
  if (resumed_from_.empty()) {
    training.must_save_start = training.log != nullptr;
    KUR_RETURN_IF_ERROR(LoadInitialWeights(&training));
    SetLimits(training);
  } else {
    KUR_RETURN_IF_ERROR(Restore(&training));
  }
  training.position = position_;
  return training;
}

absl::StatusOr<std::unique_ptr<DeterministicAlgorithms>> TrainingSetup::SetUpNumerics() {
  const TrainingOptions& options = train().options;
  if (options.precision == "fp16" && c10::Device(options_.device).is_cpu()) {
    const Value* section = kurfile_.evaluated().Find("train");
    return ErrorAt(section->Find("precision")->location(), "train.precision",
                   "fp16 needs a GPU, and this run has the device 'cpu'; use bf16 or float32");
  }
  if (!options.deterministic) return nullptr;
  auto deterministic = std::make_unique<DeterministicAlgorithms>();
  // How a sum is cut into parts depends on the number of threads.
  if (position_.threads == 0) position_.threads = at::get_num_threads();
  at::set_num_threads(position_.threads);
  host_.events->OnLog(LogLevel::kInfo, absl::StrCat("deterministic: seed ", position_.seed,
                                                    ", threads ", position_.threads));
  return deterministic;
}

// Returns what is known of how data becomes numbers: by an earlier process of this run, or by the
// weights that it begins with.
absl::StatusOr<std::shared_ptr<ModelEncodings>> TrainingSetup::FindEncodings() const {
  if (!resumed_from_.empty()) {
    KUR_ASSIGN_OR_RETURN(CheckpointHeader header, ReadCheckpointHeader(resumed_from_));
    return std::make_shared<ModelEncodings>(std::move(header.encodings).value_or(Encodings()), "");
  }
  const auto& initial = train().weights.initial;
  const bool is_there = initial && (initial->must_exist ||
                                    !absl::IsNotFound(paths_.ForReading(initial->path).status()));
  if (!is_there || train().weights.relearn) return std::make_shared<ModelEncodings>();
  return ReadModelEncodings(*initial, paths_);
}

absl::StatusOr<Training> TrainingSetup::OpenSets() {
  OpenContext context = MakeOpenContext(kurfile_, paths_, options_.mode, host_);
  KUR_ASSIGN_OR_RETURN(context.model, FindEncodings());
  KUR_ASSIGN_OR_RETURN(auto sets,
                       OpenData(train().data, context, position_.seed, /*randomize=*/true));
  OpenSet data = std::move(sets[0]);
  KUR_ASSIGN_OR_RETURN(Objective objective, Objective::Build(kurfile_, data.provider, options_));
  LearnOutputSymbols(objective, context.model.get());
  KUR_RETURN_IF_ERROR(objective.WeighClasses(data.provider, context.model.get()));
  context.model->StopLearning();
  auto encodings = FormatEncodings(context.model->all());
  if (!encodings.ok()) {
    return ErrorAt(train().data.location, "train.data", std::string(encodings.status().message()));
  }
  KUR_ASSIGN_OR_RETURN(auto metrics, ChooseSectionMetrics(kurfile_.sections(), objective));
  KUR_RETURN_IF_ERROR(objective.CheckValuesOf(data.provider));
  objective.SetPrecision(train().options.precision);
  if (const auto& source = train().optimizer->scale_rate) {
    KUR_RETURN_IF_ERROR(CheckHasSource(data.provider, *source, "train.optimizer.scale_rate",
                                       train().optimizer->location));
  }
  KUR_ASSIGN_OR_RETURN(Augmenter augmenter, BuildAugmenter(data.provider, objective));
  std::vector<OpenSet> validation;
  HookSpecs validation_hooks;
  if (const auto& validate = kurfile_.sections().validate) {
    validation_hooks = validate->hooks;
    KUR_ASSIGN_OR_RETURN(validation,
                         OpenData(validate->data, context, position_.seed, /*randomize=*/true));
    for (const OpenSet& set : validation) {
      KUR_RETURN_IF_ERROR(objective.CheckSources(validate->data, set.provider));
      KUR_RETURN_IF_ERROR(objective.CheckValuesOf(set.provider));
    }
  }
  return Training{std::move(data),
                  std::move(validation),
                  std::move(objective),
                  std::move(metrics["validate"]),
                  std::move(augmenter),
                  HookRunner(train().hooks, host_, options_.fetch),
                  HookRunner(validation_hooks, host_, options_.fetch),
                  *std::move(encodings),
                  SummarizeEncodings(context.model->all())};
}

absl::StatusOr<Augmenter> TrainingSetup::BuildAugmenter(const BatchProvider& provider,
                                                        const Objective& objective) const {
  const auto& inputs = objective.model().inputs();
  KUR_ASSIGN_OR_RETURN(
      Augmenter augmenter,
      Augmenter::Create(train().augmentations, provider.sources(), {inputs.begin(), inputs.end()},
                        position_.seed, std::max(1u, std::thread::hardware_concurrency())));
  for (const auto& augmentation : train().augmentations) {
    if (augmentation->MixesSamples()) KUR_RETURN_IF_ERROR(objective.CheckMixable(*augmentation));
  }
  return augmenter;
}

void TrainingSetup::BuildOptimizer(Training* training) const {
  const OptimizerSpec& spec = *train().optimizer;
  const Model& model = training->objective.model();
  training->optimizer = Registry<OptimizerBuilder>::Get()
                            .Find(spec.kind())
                            ->build(spec, ParametersFor(spec, kurfile_.plan(), model));
  if (train().options.ema) {
    training->average =
        std::make_unique<WeightAverage>(model.TrainableParameters(), train().options.ema->decay);
  }
}

// Takes over what an earlier process of this run left.
absl::Status TrainingSetup::Restore(Training* training) const {
  KUR_ASSIGN_OR_RETURN(const Checkpoint saved, ReadCheckpoint(resumed_from_));
  KUR_RETURN_IF_ERROR(LoadModel(saved, training));
  training->optimizer->SetGradients(saved.gradients);
  return training->optimizer->Restore(saved.optimizer_state, saved.optimizer_steps);
}

void TrainingSetup::FindPosition() {
  if (options_.resume_path.empty() || !options_.files->Exists(options_.resume_path)) return;
  auto saved = ReadCheckpoint(options_.resume_path);
  if (saved.ok() && saved->optimizer.empty()) {
    saved = absl::DataLossError("it holds weights and nothing else");
  }
  if (saved.ok()) {
    resumed_from_ = options_.resume_path;
    position_ = saved->position;
  } else {
    FindCheckpoint(saved.status());
  }
}

// Takes the position of the furthest good `checkpoint` that an earlier process of this run wrote.
// Other weights of the run will not do: they are written before an epoch is over.
void TrainingSetup::FindCheckpoint(const absl::Status& damage) {
  const std::string what =
      "what an earlier process of this run left to go on from cannot be read (";
  for (const std::string& name : FurthestCheckpoints(train(), options_.written_folder)) {
    const std::string file = JoinPath(options_.written_folder, name);
    auto saved = ReadCheckpoint(file);
    if (!saved.ok()) continue;
    resumed_from_ = file;
    position_ = saved->position;
    host_.events->OnLog(
        LogLevel::kWarning,
        absl::StrCat(what, damage.message(), "): going on from the checkpoint ", name,
                     ", which was written after ", position_.progress.run_batches, " batches"));
    return;
  }
  host_.events->OnLog(
      LogLevel::kWarning,
      absl::StrCat(what, damage.message(),
                   "), and no good checkpoint of this run is there: beginning anew"));
}

absl::Status TrainingSetup::OpenLog(Training* training) {
  if (!train().log) return absl::OkStatus();
  const LogSection& section = *train().log;
  const auto path = paths_.ForWriting(section.path.path);
  if (!path.ok()) {
    return ErrorAt(section.path.location, section.path.key, std::string(path.status().message()));
  }
  // Rows that an earlier process of this run wrote after the state that we go on from are written
  // again.
  if (!resumed_from_.empty() && !position_.log_commit.empty()) {
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
  training->log = *std::move(log);
  if (!resumed_from_.empty()) return absl::OkStatus();
  const KurLog::Summary& summary = training->log->summary();
  position_.progress.epoch = summary.epochs;
  position_.progress.total_batches = summary.batches;
  position_.progress.total_samples = summary.samples;
  position_.losses.best_training = training->log->best_training_loss();
  position_.losses.best_validation = training->log->best_validation_loss();
  position_.clocks = summary.clocks;
  return absl::OkStatus();
}

absl::Status TrainingSetup::LoadInitialWeights(Training* training) {
  const auto& initial = train().weights.initial;
  if (!initial) return absl::OkStatus();
  const auto path = paths_.ForReading(initial->path);
  if (absl::IsNotFound(path.status()) && !initial->must_exist) {
    host_.events->OnLog(LogLevel::kInfo, absl::StrCat("no weights at ", initial->path,
                                                      " yet: beginning with fresh ones"));
    return absl::OkStatus();
  }
  if (!path.ok()) return UnusableWeights(*initial, path.status());
  auto saved = ReadWeights(initial->path, paths_, training->objective.model(), host_.events);
  if (!saved.ok()) return UnusableWeights(*initial, saved.status());
  const absl::Status loaded = LoadModel(*saved, training);
  if (!loaded.ok()) {
    return UnusableWeights(*initial, absl::InvalidArgumentError(absl::StrCat(
                                         loaded.message(),
                                         "; a changed model begins with fresh weights in another "
                                         "project, or without train.weights.initial")));
  }
  training->must_save_start = true;
  std::string also;
  if (saved->optimizer == train().optimizer->kind() &&
      training->optimizer->Restore(saved->optimizer_state, saved->optimizer_steps).ok()) {
    also = ", with the state of the optimizer";
  }
  host_.events->OnLog(LogLevel::kInfo,
                      absl::StrCat("going on from the weights ", initial->path, also));
  // The log knows better, where there is one.
  if (training->log == nullptr) {
    position_.progress.epoch = saved->position.progress.epoch;
    position_.progress.total_batches = saved->position.progress.total_batches;
    position_.progress.total_samples = saved->position.progress.total_samples;
  }
  return absl::OkStatus();
}

// Fixes when the run stops, so that a resumed run stops where the first one would have.
void TrainingSetup::SetLimits(const Training& training) {
  const StopCondition& stop = train().stop;
  const bool total = stop.total && training.log != nullptr;
  if (stop.total && training.log == nullptr) {
    host_.events->OnLog(LogLevel::kWarning,
                        "the mode 'total' needs a log: training as if it were 'additional'");
  }
  if (stop.epochs)
    position_.stop.last_epoch = *stop.epochs + (total ? 0 : position_.progress.epoch);
  if (stop.seconds) {
    position_.stop.clock_limit = *stop.seconds + (total ? 0 : position_.clocks[stop.clock]);
  }
  // 0 stands for "no limit", so "no epochs at all" is a limit that has been reached.
  if (stop.epochs && position_.stop.last_epoch == 0) position_.stop.last_epoch = -1;
}

}  // namespace kur
