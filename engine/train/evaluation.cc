#include "engine/train/evaluation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/train/stopwatch.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// A pass over a set. Nothing in a tally waits for the device before the end.
struct Tally {
  std::vector<at::Tensor> losses;  // by loss: the sum over the samples
  std::vector<std::unique_ptr<Metric>> metrics;
  int64_t samples = 0;
  int64_t undefined = 0;  // samples for which a loss is not defined
};

Tally NewTally(const ChosenMetrics& metrics, const Objective& objective) {
  Tally tally;
  tally.losses.resize(objective.losses().size());
  for (const ChosenMetric& metric : metrics) {
    const MetricBuilder* builder = Registry<MetricBuilder>::Get().Find(metric.spec->kind());
    tally.metrics.push_back(
        builder->build(*metric.spec, MetricContextOf(objective.losses()[metric.loss])));
  }
  return tally;
}

// Returns a batch without the rows in which another sample stands for one that cannot be read: it
// would count twice.
TensorMap WithoutRows(const TensorMap& batch, const std::vector<int64_t>& rows) {
  TensorMap rest;
  for (const auto& [name, tensor] : batch) {
    std::vector<int64_t> kept;
    for (int64_t i = 0; i < tensor.size(0); ++i) {
      if (std::find(rows.begin(), rows.end(), i) == rows.end()) kept.push_back(i);
    }
    rest[name] = tensor.index_select(0, at::tensor(kept, at::kLong).to(tensor.device()));
  }
  return rest;
}

absl::Status AddBatch(const TensorMap& batch, const ChosenMetrics& metrics, int64_t size,
                      Objective* objective, Tally* tally) {
  const TensorMap outputs = objective->Forward(batch, /*training=*/false);
  const std::vector<Objective::BoundLoss>& losses = objective->losses();
  for (size_t i = 0; i < losses.size(); ++i) {
    const Objective::BoundLoss& bound = losses[i];
    const at::Tensor& prediction = outputs.at(bound.spec->target);
    KUR_ASSIGN_OR_RETURN(const std::vector<at::Tensor> truth, objective->TruthOf(bound, batch));
    KUR_ASSIGN_OR_RETURN(const LossValue loss,
                         Objective::ComputeOne(bound, prediction, truth, batch));
    AddTo(&tally->losses[i],
          loss.mean.to(at::kDouble) * (bound.spec->weight * static_cast<double>(size)));
    tally->undefined += loss.skipped;
    for (size_t j = 0; j < metrics.size(); ++j) {
      if (metrics[j].loss == i) tally->metrics[j]->Add(prediction, truth);
    }
  }
  tally->samples += size;
  return absl::OkStatus();
}

void Summarize(const Tally& tally, const ChosenMetrics& metrics,
               const std::vector<Objective::BoundLoss>& losses, EvaluationResult* result) {
  result->samples = tally.samples;
  for (size_t i = 0; i < losses.size(); ++i) {
    const double loss = tally.losses[i].item<double>() / static_cast<double>(tally.samples);
    result->losses[losses[i].spec->target] = loss;
    result->loss += loss;
  }
  for (size_t j = 0; j < metrics.size(); ++j) {
    // With several outputs, a name alone would not tell of which.
    const std::string prefix =
        losses.size() > 1 ? absl::StrCat(losses[metrics[j].loss].spec->target, ".") : "";
    for (const auto& [name, value] : tally.metrics[j]->Values()) {
      result->metrics[prefix + name] = value;
    }
  }
}

}  // namespace

absl::StatusOr<std::map<std::string, ChosenMetrics>> ChooseSectionMetrics(
    const Sections& sections, const Objective& objective) {
  std::map<std::string, ChosenMetrics> metrics;
  Diagnostics diagnostics;
  const auto bind = [&](const std::string& section, const MetricList& asked) {
    auto& chosen = metrics[section];
    for (ChosenMetric& metric : ChooseMetrics(asked, sections.losses, &diagnostics)) {
      const Objective::BoundLoss& bound = objective.losses()[metric.loss];
      const absl::Status readable = metric.spec->CheckSymbols(bound.symbols);
      if (!readable.ok() && !metric.requested) continue;
      absl::Status suits = metric.spec->CheckOutput(bound.spec->task(), bound.output);
      suits.Update(readable);
      if (!suits.ok()) diagnostics.Append(suits, metric.spec->location, metric.spec->key);
      chosen.push_back(std::move(metric));
    }
  };
  if (sections.validate) bind("validate", sections.validate->metrics);
  if (sections.test) bind("test", sections.test->metrics);
  KUR_RETURN_IF_ERROR(diagnostics.ToStatus());
  return metrics;
}

MetricContext MetricContextOf(const Objective::BoundLoss& bound) {
  return {bound.spec->task(), bound.output, bound.from_logits, bound.spec->blank_is_first(),
          bound.symbols};
}

absl::StatusOr<std::optional<EvaluationResult>> Evaluate(const EvaluationPass& pass,
                                                         Objective* objective,
                                                         const RunHost& host) {
  constexpr double kProgressInterval = 0.25;
  const c10::NoGradGuard no_grad;
  const double start = MonotonicSeconds();
  double last_progress = start;
  Tally tally = NewTally(*pass.metrics, *objective);
  const BatchPlan plan = pass.set->provider.EpochPlan(pass.number);
  const int64_t batches =
      std::min(plan.num_batches(), pass.max_batches.value_or(plan.num_batches()));
  BatchFeeder feeder = objective->FeederOf(pass.set->provider);
  for (int64_t i = 0; i < batches; ++i) {
    KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder.Load(plan, i));
    const std::vector<int64_t>& unreadable = feeder.UnreadableRows();
    const auto left_out = static_cast<int64_t>(unreadable.size());
    KUR_RETURN_IF_ERROR(AddBatch(left_out == 0 ? batch : WithoutRows(batch, unreadable),
                                 *pass.metrics, plan.size(i) - left_out, objective, &tally));
    if (host.control->IsCancelled()) return std::optional<EvaluationResult>();
    if (MonotonicSeconds() - last_progress > kProgressInterval) {
      last_progress = MonotonicSeconds();
      host.events->OnPassProgress(pass.section, tally.samples, plan.num_samples());
    }
  }
  if (tally.undefined > 0) {
    host.events->OnLog(LogLevel::kWarning, UndefinedLossText(tally.undefined, tally.samples));
  }
  EvaluationResult result;
  result.section = pass.section;
  result.set = pass.set->name;
  Summarize(tally, *pass.metrics, objective->losses(), &result);
  result.seconds = MonotonicSeconds() - start;
  return std::optional<EvaluationResult>(std::move(result));
}

}  // namespace kur
