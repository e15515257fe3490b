#ifndef KUR_ENGINE_TRAIN_PREDICTOR_H_
#define KUR_ENGINE_TRAIN_PREDICTOR_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "engine/data/batch_provider.h"
#include "engine/data/encoding.h"
#include "engine/kurfile/plan/model_plan.h"
#include "engine/train/objective.h"
#include "engine/train/results.h"
#include "engine/train/run.h"

namespace kur {

// Notes in `model` how the outputs of an objective that are compared with symbols are read as text,
// so that a later evaluation can do it without the losses. Precondition: it is learning.
void LearnOutputSymbols(const Objective& objective, ModelEncodings* model);

// The sources whose values are kept as texts, by the names of their columns in the results.
using KeptSources = std::map<std::string, std::string>;

// Returns the inputs that the model hands through, unchanged, by the names of the outputs.
KeptSources InputsHandedThrough(const ModelPlan& plan);

// Runs a model over a set of data, and adds all that it gives, with what is known of the samples,
// to `predictions`. `encodings` are those of the weights. False if the run was cancelled.
absl::StatusOr<bool> Predict(const BatchProvider& provider, const ModelEncodings& encodings,
                             const KeptSources& keep, const RunHost& host, Objective* objective,
                             Predictions* predictions);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_PREDICTOR_H_
