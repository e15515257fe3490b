#include "engine/train/test_and_evaluate.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/train/evaluation.h"
#include "engine/train/hook_data.h"
#include "engine/train/hook_runner.h"
#include "engine/train/objective.h"
#include "engine/train/open_set.h"
#include "engine/train/results.h"
#include "engine/train/stopwatch.h"
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
  const auto failed = [&](const absl::Status& status) {
    return ErrorAt(
        weights->location, weights->key,
        absl::StrCat("the weights ", weights->path, " cannot be used: ", status.message()));
  };
  const auto saved = ReadWeights(weights->path, paths, *model, events);
  if (!saved.ok()) return failed(saved.status());
  const absl::Status loaded = model->LoadWeights(saved->weights);
  return loaded.ok() ? loaded : failed(loaded);
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

// Runs the model over a set. False if the run was cancelled.
absl::StatusOr<bool> Collect(const BatchProvider& provider, Model* model, const RunHost& host,
                             Predictions* predictions) {
  const c10::NoGradGuard no_grad;
  constexpr double kProgressInterval = 0.25;
  const BatchPlan plan = provider.EpochPlan(0);
  std::set<std::string> names(model->inputs().begin(), model->inputs().end());
  bool has_truth = true;
  for (const std::string& output : model->outputs()) {
    has_truth = has_truth && provider.sources().count(output) > 0;
  }
  if (has_truth) names.insert(model->outputs().begin(), model->outputs().end());
  BatchFeeder feeder(provider, names, model->device());
  double last_progress = MonotonicSeconds();
  int64_t samples = 0;
  for (int64_t i = 0; i < plan.num_batches(); ++i) {
    KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder.Load(plan, i));
    for (const auto& [name, output] : model->Forward(batch, {})) {
      AppendRows(output, &predictions->result[name]);
      if (has_truth) AppendRows(batch.at(name), &predictions->truth[name]);
    }
    samples += plan.size(i);
    if (host.control->IsCancelled()) return false;
    if (MonotonicSeconds() - last_progress > kProgressInterval) {
      last_progress = MonotonicSeconds();
      host.events->OnPassProgress("evaluate", samples, plan.num_samples());
    }
  }
  host.events->OnPassProgress("evaluate", samples, plan.num_samples());
  return true;
}

}  // namespace

absl::StatusOr<RunOutcome> RunTest(const Kurfile& kurfile, const PathResolver& paths,
                                   const RunOptions& options, const RunHost& host) {
  const TestSection& test = *kurfile.sections().test;
  const OpenContext context = MakeOpenContext(kurfile, paths, options.mode, host);
  KUR_ASSIGN_OR_RETURN(const auto sets,
                       OpenData(test.data, context, options.seed, /*randomize=*/false));
  KUR_ASSIGN_OR_RETURN(Objective objective, Objective::Build(kurfile, sets[0].provider, options));
  KUR_ASSIGN_OR_RETURN(const auto metrics, ChooseSectionMetrics(kurfile.sections(), objective));
  for (const OpenSet& set : sets) {
    KUR_RETURN_IF_ERROR(objective.CheckSources(test.data, set.provider));
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
  const OpenContext context = MakeOpenContext(kurfile, paths, options.mode, host);
  KUR_ASSIGN_OR_RETURN(const auto sets,
                       OpenData(evaluate.data, context, options.seed, /*randomize=*/false));
  const BatchProvider& provider = sets[0].provider;
  KUR_ASSIGN_OR_RETURN(Objective objective, Objective::Build(kurfile, provider, options));
  KUR_RETURN_IF_ERROR(LoadWeights(evaluate.weights, paths, &objective.model(), host.events));
  ReportStart(&objective, provider, options, host.events);
  Predictions predictions;
  KUR_ASSIGN_OR_RETURN(const bool complete,
                       Collect(provider, &objective.model(), host, &predictions));
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
  } else if (!hooks.has_result_hooks()) {
    host.events->OnLog(LogLevel::kWarning,
                       "the section names no destination: the results are not kept");
  }
  return RunOutcome::kSucceeded;
}

}  // namespace kur
