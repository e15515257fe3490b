#ifndef KUR_ENGINE_KURFILE_PLAN_MODEL_GRAPH_H_
#define KUR_ENGINE_KURFILE_PLAN_MODEL_GRAPH_H_

#include <memory>
#include <string>
#include <vector>

#include "engine/kurfile/plan/model_plan.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// A layer of the expanded model before it is connected.
struct ModelNode {
  PlannedLayer layer;                // without inputs
  std::vector<Value> inputs;         // names, as written; empty: the layer before it
  std::vector<std::string> aliases;  // further names: those of operators that end with it
  bool sink = false;
  std::string reuses;  // of a `reuse` that is not resolved yet: what it applies again
};

// A container that has made layers: nodes [first, last).
struct NodeRange {
  size_t first = 0;
  size_t last = 0;
  int mapped_axes = 0;  // of the container itself
};

// Stands in the place of a layer with an error that was reported, so that what follows can be
// checked too: an input of which nothing is known.
std::shared_ptr<const LayerSpec> MakePlaceholderLayer();
bool IsPlaceholder(const LayerSpec& spec);

// Connects layers that stand in the order of the Kurfile to their inputs and puts them into an
// order in which inputs come first. Reports names that are taken or missing and inputs that go
// round in a circle; such layers become MakePlaceholderLayer(). With `names_complete` false there
// may be layers that are not in `nodes`, and missing names are not reported.
ModelPlan ConnectModel(std::vector<ModelNode> nodes, bool names_complete, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_MODEL_GRAPH_H_
