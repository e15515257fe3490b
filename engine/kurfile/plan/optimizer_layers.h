#ifndef KUR_ENGINE_KURFILE_PLAN_OPTIMIZER_LAYERS_H_
#define KUR_ENGINE_KURFILE_PLAN_OPTIMIZER_LAYERS_H_

#include "engine/kurfile/plan/model_plan.h"
#include "engine/kurfile/specs/optimizer_spec.h"
#include "engine/value/diagnostics.h"

namespace kur {

// Returns whether an entry of the optimizer's `layers` applies to `layer`.
bool AppliesTo(const LayerOverride& entry, const PlannedLayer& layer);

// Reports entries of the optimizer's `layers` that apply to no layer with weights to train.
void CheckLayerOverrides(const OptimizerSpec& optimizer, const ModelPlan& plan,
                         Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_OPTIMIZER_LAYERS_H_
