#include "engine/train/validation.h"

#include "engine/base/status.h"

namespace kur {

absl::StatusOr<std::optional<ValidationResult>> RunValidation(const std::vector<OpenSet>& sets,
                                                              const ValidationRun& run,
                                                              Workload* workload,
                                                              const RunHost& host) {
  ValidationResult result;
  int64_t samples = 0;
  for (const OpenSet& set : sets) {
    KUR_ASSIGN_OR_RETURN(auto measured,
                         workload->Measure("validate", set, run.max_batches, host, run.number));
    if (!measured.has_value()) return std::optional<ValidationResult>();
    measured->epoch = run.epoch;
    host.events->OnMeasured(*measured);
    const auto weight = static_cast<double>(measured->samples);
    for (const auto& [name, loss] : measured->losses) result.losses[name] += loss * weight;
    for (const auto& [name, metric] : measured->metrics) result.metrics[name] += metric * weight;
    result.set_losses[set.name] = measured->loss;
    if (sets.size() > 1) result.parts[set.name] = measured->losses;
    samples += measured->samples;
  }
  for (auto& [name, loss] : result.losses) {
    loss /= static_cast<double>(samples);
    result.loss += loss;
  }
  for (auto& [name, metric] : result.metrics) metric /= static_cast<double>(samples);
  return std::optional<ValidationResult>(std::move(result));
}

}  // namespace kur
