#ifndef KUR_ENGINE_KURFILE_PLAN_MODEL_REUSE_H_
#define KUR_ENGINE_KURFILE_PLAN_MODEL_REUSE_H_

#include <map>
#include <string>
#include <vector>

#include "engine/kurfile/plan/model_graph.h"
#include "engine/value/diagnostics.h"

namespace kur {

// Replaces every node that reuses others by copies of these, which share their weights. What is
// reused may be a layer or a container (a key of `containers`), may stand anywhere in the model,
// and may itself reuse others, but not what it stands in. Reports what cannot be reused, and puts
// an MakePlaceholderLayer() there. With `names_complete` false there may be layers that are not in
// `nodes`, and missing names are not reported.
std::vector<ModelNode> ResolveReuse(std::vector<ModelNode> nodes,
                                    const std::map<std::string, NodeRange>& containers,
                                    bool names_complete, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_MODEL_REUSE_H_
