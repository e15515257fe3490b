#ifndef KUR_ENGINE_TRAIN_EVALUATION_H_
#define KUR_ENGINE_TRAIN_EVALUATION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/sections.h"
#include "engine/kurfile/specs/metric_choice.h"
#include "engine/metrics/metric.h"
#include "engine/train/objective.h"
#include "engine/train/open_set.h"
#include "engine/train/run.h"

namespace kur {

// The metrics of a section that suit the outputs.
using ChosenMetrics = std::vector<ChosenMetric>;

// Chooses the metrics of the sections `validate` and `test`, by section. Errors name metrics that
// do not suit their output.
absl::StatusOr<std::map<std::string, ChosenMetrics>> ChooseSectionMetrics(
    const Sections& sections, const Objective& objective);

// Returns what a metric may know of the output that `bound` is about.
MetricContext MetricContextOf(const Objective::BoundLoss& bound);

// What is evaluated.
struct EvaluationPass {
  std::string section;  // "validate" or "test", for reports
  const OpenSet* set = nullptr;
  const ChosenMetrics* metrics = nullptr;
  std::optional<int64_t> max_batches = std::nullopt;  // absent: as many as the set has
  // Counts the passes of a run, from 0: a set that is shuffled presents itself in another order
  // each time.
  int64_t number = 0;
};

// Computes the losses and the metrics over a set, without a gradient. Stops early, and says so by
// an absent result, when `host` says that the run is cancelled. The result has no epoch.
absl::StatusOr<std::optional<EvaluationResult>> Evaluate(const EvaluationPass& pass,
                                                         Objective* objective, const RunHost& host);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_EVALUATION_H_
