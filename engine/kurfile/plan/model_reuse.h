#ifndef KUR_ENGINE_KURFILE_PLAN_MODEL_REUSE_H_
#define KUR_ENGINE_KURFILE_PLAN_MODEL_REUSE_H_

#include <map>
#include <string>
#include <vector>

#include "engine/kurfile/plan/model_graph.h"
#include "engine/value/diagnostics.h"

namespace kur {

// Replaces every node that reuses others by copies, which share the weights of the originals. A
// node may reuse a layer or a container (a key of `containers`) anywhere in the model, which may
// reuse others itself, but not a container that the node is in. Reports other reuses and replaces
// them by placeholders. If `names_complete` is false, `nodes` may lack layers, and missing names
// are not reported.
std::vector<ModelNode> ResolveReuse(std::vector<ModelNode> nodes,
                                    const std::map<std::string, NodeRange>& containers,
                                    bool names_complete, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_MODEL_REUSE_H_
