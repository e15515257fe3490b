#ifndef KUR_ENGINE_KURFILE_MODEL_GRAPH_H_
#define KUR_ENGINE_KURFILE_MODEL_GRAPH_H_

#include <string>
#include <vector>

#include "engine/kurfile/diagnostics.h"
#include "engine/kurfile/model_plan.h"
#include "engine/kurfile/value.h"

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

// Connects layers that stand in the order of the Kurfile to their inputs and puts them into an
// order in which inputs come first. Reports names that are taken or missing and inputs that go
// round in a circle; the plan is then not to be used.
ModelPlan ConnectModel(const std::vector<ModelNode>& nodes, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_MODEL_GRAPH_H_
