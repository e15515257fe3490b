#include "engine/train/test_and_evaluate.h"

#include <ATen/Parallel.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/train/evaluation.h"
#include "engine/train/hook_data.h"
#include "engine/train/hook_runner.h"
#include "engine/train/objective.h"
#include "engine/train/open_set.h"
#include "engine/train/predictor.h"
#include "engine/train/results.h"
#include "engine/train/weight_files.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// Loads the weights of a section. Without any the results are meaningless, but they do show that
// everything else works, so that is a warning, as in Kur; a file that is named and missing is not.
absl::Status LoadWeights(const std::optional<FileReference>& weights, const PathResolver& paths,
                         Model* model, RunEvents* events) {
  if (!weights) {
    events->OnLog(LogLevel::kWarning,
                  "the section names no weights: working with fresh ones, which know nothing");
    return absl::OkStatus();
  }
  const auto saved = ReadWeights(weights->path, paths, *model, events);
  if (!saved.ok()) return UnusableWeights(*weights, saved.status());
  const absl::Status loaded = model->LoadWeights(saved->weights);
  return loaded.ok() ? loaded : UnusableWeights(*weights, loaded);
}

// Returns what the weights of a section know of how data becomes numbers; without any, the data
// itself teaches it.
absl::StatusOr<std::shared_ptr<ModelEncodings>> FindEncodings(
    const std::optional<FileReference>& weights, const PathResolver& paths) {
  if (!weights) return std::make_shared<ModelEncodings>();
  KUR_ASSIGN_OR_RETURN(auto model, ReadModelEncodings(*weights, paths));
  model->StopLearning();
  return model;
}

void ReportStart(Objective* objective, const BatchProvider& provider, const RunOptions& options,
                 RunEvents* events) {
  RunStarted started;
  started.parameters = objective->model().num_parameters();
  started.layers = static_cast<int64_t>(objective->model().num_layers());
  started.samples = provider.samples_per_epoch();
  started.device = options.device;
  started.threads = at::get_num_threads();
  events->OnStarted(started);
}

// Adds the sources of the columns that a destination keeps, by titles that nothing else in the
// results has. Fails for a column that the data does not have.
absl::Status FindKept(const DestinationSection& destination, const BatchProvider& provider,
                      KeptSources* keep) {
  for (size_t i = 0; i < destination.keep.size(); ++i) {
    const std::string& name = destination.keep[i];
    const std::string key = absl::StrCat("evaluate.destination.keep[", i, "]");
    const std::string own = KeptSourceName(name);
    const std::string& source = provider.sources().count(own) > 0 ? own : name;
    if (provider.sources().count(source) == 0) {
      return ErrorAt(destination.location, key,
                     absl::StrCat("nothing of the data has a column '", name, "'"));
    }
    bool has_text = false;
    for (int64_t sample = 0; sample < provider.num_samples() && !has_text; ++sample) {
      has_text = !provider.sources().at(source)->TextOf(sample).empty();
    }
    if (!has_text) {
      return ErrorAt(destination.location, key,
                     absl::StrCat("'", name,
                                  "' has no texts of its own; only single columns of a "
                                  "csv, a jsonl or an array can be kept"));
    }
    const bool is_taken = name == "sample" || keep->count(name) > 0;
    (*keep)[is_taken ? absl::StrCat(name, " (data)") : name] = source;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RunOutcome> RunTest(const Kurfile& kurfile, const PathResolver& paths,
                                   const RunOptions& options, const RunHost& host) {
  const TestSection& test = *kurfile.sections().test;
  OpenContext context = MakeOpenContext(kurfile, paths, options.mode, host);
  KUR_ASSIGN_OR_RETURN(context.model, FindEncodings(test.weights, paths));
  KUR_ASSIGN_OR_RETURN(const auto sets,
                       OpenData(test.data, context, options.seed, /*randomize=*/false));
  KUR_ASSIGN_OR_RETURN(Objective objective, Objective::Build(kurfile, sets[0].provider, options));
  KUR_RETURN_IF_ERROR(objective.WeighClasses(sets[0].provider, context.model.get()));
  KUR_ASSIGN_OR_RETURN(const auto metrics, ChooseSectionMetrics(kurfile.sections(), objective));
  for (const OpenSet& set : sets) {
    KUR_RETURN_IF_ERROR(objective.CheckSources(test.data, set.provider));
    KUR_RETURN_IF_ERROR(objective.CheckValuesOf(set.provider));
  }
  KUR_RETURN_IF_ERROR(LoadWeights(test.weights, paths, &objective.model(), host.events));
  ReportStart(&objective, sets[0].provider, options, host.events);
  HookRunner hooks(test.hooks, host, options.fetch);
  for (const OpenSet& set : sets) {
    KUR_ASSIGN_OR_RETURN(const auto evaluated,
                         Evaluate({"test", &set, &metrics.at("test")}, &objective, host));
    if (!evaluated.has_value()) return RunOutcome::kCancelled;
    host.events->OnEvaluated(*evaluated);
    if (!hooks.has_result_hooks()) continue;
    KUR_ASSIGN_OR_RETURN(const HookData batch, FirstBatchOf(set, &objective));
    KUR_RETURN_IF_ERROR(hooks.Apply(batch).status());
  }
  return RunOutcome::kSucceeded;
}

absl::StatusOr<RunOutcome> RunEvaluation(const Kurfile& kurfile, const PathResolver& paths,
                                         const RunOptions& options, const RunHost& host) {
  const EvaluateSection& evaluate = *kurfile.sections().evaluate;
  if (!evaluate.destination.has_value() && evaluate.hooks.empty()) {
    return ErrorAt(evaluate.data.location, "evaluate",
                   "nobody would see what the model gives; name a destination, as in destination: "
                   "results.csv, or a hook");
  }
  OpenContext context = MakeOpenContext(kurfile, paths, options.mode, host);
  KUR_ASSIGN_OR_RETURN(context.model, FindEncodings(evaluate.weights, paths));
  KeptSources keep = InputsHandedThrough(kurfile.plan());
  for (const auto& [title, source] : keep) context.keep.insert(source);
  if (evaluate.destination.has_value()) {
    context.keep.insert(evaluate.destination->keep.begin(), evaluate.destination->keep.end());
  }
  KUR_ASSIGN_OR_RETURN(const auto sets,
                       OpenData(evaluate.data, context, options.seed, /*randomize=*/false));
  const BatchProvider& provider = sets[0].provider;
  if (evaluate.destination.has_value()) {
    KUR_RETURN_IF_ERROR(FindKept(*evaluate.destination, provider, &keep));
  }
  KUR_ASSIGN_OR_RETURN(Objective objective, Objective::Build(kurfile, provider, options));
  KUR_RETURN_IF_ERROR(LoadWeights(evaluate.weights, paths, &objective.model(), host.events));
  ReportStart(&objective, provider, options, host.events);
  Predictions predictions;
  KUR_ASSIGN_OR_RETURN(const bool complete,
                       Predict(provider, *context.model, keep, host, &objective, &predictions));
  if (!complete) return RunOutcome::kCancelled;
  HookRunner hooks(evaluate.hooks, host, options.fetch);
  HookData data = ToHookData(&predictions);
  if (hooks.has_result_hooks()) {
    KUR_ASSIGN_OR_RETURN(const HookData batch, FirstBatchOf(sets[0], &objective));
    data.input_symbols = batch.input_symbols;
    data.output_symbols = batch.output_symbols;
    KUR_ASSIGN_OR_RETURN(data, hooks.Apply(data));
  }
  if (evaluate.destination) {
    const DestinationSection& destination = *evaluate.destination;
    const bool changed = hooks.has_result_hooks();
    KUR_RETURN_IF_ERROR(WriteResults(destination.path, destination.format,
                                     changed ? ToPredictions(data) : predictions, host.artifacts));
  }
  return RunOutcome::kSucceeded;
}

}  // namespace kur
