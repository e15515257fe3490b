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
  std::vector<Value> inputs;         // names, as written; empty: the layer before
  std::vector<std::string> aliases;  // names of the operators that end with this layer
  bool sink = false;
  std::string reuses;  // the name that an unresolved `reuse` applies again
};

// The nodes [first, last) of a container that has added layers.
struct NodeRange {
  size_t first = 0;
  size_t last = 0;
  int mapped_axes = 0;  // of the container itself
};

// Makes a layer without known properties, which takes the place of a layer with a reported error,
// so that the layers after it can be checked.
std::shared_ptr<const LayerSpec> MakePlaceholderLayer();
bool IsPlaceholder(const LayerSpec& spec);

// Connects layers, given in the order of the Kurfile, to their inputs, and sorts them so that
// inputs come first. Reports names that are taken or missing and inputs that form a cycle, and
// replaces such layers by placeholders. If `names_complete` is false, `nodes` may lack layers, and
// missing names are not reported.
ModelPlan ConnectModel(std::vector<ModelNode> nodes, bool names_complete, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_MODEL_GRAPH_H_
