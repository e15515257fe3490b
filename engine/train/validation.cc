#include "engine/train/validation.h"

#include "engine/base/status.h"

namespace kur {

absl::StatusOr<std::optional<ValidationResult>> RunValidation(const std::vector<OpenSet>& sets,
                                                              const ValidationRun& run,
                                                              Objective* objective,
                                                              const RunHost& host) {
  ValidationResult result;
  int64_t samples = 0;
  for (const OpenSet& set : sets) {
    KUR_ASSIGN_OR_RETURN(
        auto evaluated,
        Evaluate({"validate", &set, run.metrics, run.max_batches, run.number}, objective, host));
    if (!evaluated.has_value()) return std::optional<ValidationResult>();
    evaluated->epoch = run.epoch;
    host.events->OnEvaluated(*evaluated);
    const auto weight = static_cast<double>(evaluated->samples);
    for (const auto& [name, loss] : evaluated->losses) result.losses[name] += loss * weight;
    for (const auto& [name, metric] : evaluated->metrics) result.metrics[name] += metric * weight;
    result.set_losses[set.name] = evaluated->loss;
    if (sets.size() > 1) result.parts[set.name] = evaluated->losses;
    samples += evaluated->samples;
  }
  for (auto& [name, loss] : result.losses) {
    loss /= static_cast<double>(samples);
    result.loss += loss;
  }
  for (auto& [name, metric] : result.metrics) metric /= static_cast<double>(samples);
  return std::optional<ValidationResult>(std::move(result));
}

}  // namespace kur
