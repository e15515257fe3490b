#ifndef KUR_ENGINE_TRAIN_EARLY_STOPPING_H_
#define KUR_ENGINE_TRAIN_EARLY_STOPPING_H_

#include <string>

#include "absl/status/statusor.h"
#include "engine/kurfile/specs/training_options.h"
#include "engine/train/checkpoint.h"
#include "engine/train/validation.h"

namespace kur {

// Takes in the validation after an epoch and sets `position->ended_early` when `rule` says that the
// run is over. What it remembers is in `position`. Gives what there is to say of it, or "". An
// error, with the names that there are, if the validation does not report the metric.
absl::StatusOr<std::string> WatchForEarlyEnd(const EarlyStopping& rule,
                                             const ValidationResult& result,
                                             TrainingPosition* position);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_EARLY_STOPPING_H_
