#ifndef KUR_ENGINE_TRAIN_VALIDATION_H_
#define KUR_ENGINE_TRAIN_VALIDATION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/train/evaluation.h"
#include "engine/train/kur_log.h"
#include "engine/train/objective.h"
#include "engine/train/open_set.h"
#include "engine/train/run.h"

namespace kur {

// What a validation over all sets gives: means over their samples.
struct ValidationResult {
  double loss = 0;                           // summed over the outputs
  std::map<std::string, double> losses;      // by output
  std::map<std::string, double> metrics;     // by name
  std::map<std::string, double> set_losses;  // of each set, by its name
  // The losses of each set, by its name, where there are several.
  std::map<std::string, KurLog::Statistics> parts;
};

// Which validation it is.
struct ValidationRun {
  int64_t epoch = 0;   // completed
  int64_t number = 0;  // of the run, from 0: sets that are shuffled show other samples each time
  std::optional<int64_t> max_batches;  // absent: as many as the sets have
  const ChosenMetrics* metrics = nullptr;
};

// Evaluates every set and reports it. Absent if the run was cancelled.
absl::StatusOr<std::optional<ValidationResult>> RunValidation(const std::vector<OpenSet>& sets,
                                                              const ValidationRun& run,
                                                              Objective* objective,
                                                              const RunHost& host);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_VALIDATION_H_
