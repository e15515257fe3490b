#include "engine/kurfile/plan/optimizer_layers.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/glob.h"
#include "engine/base/suggest.h"

namespace kur {
namespace {

bool IsTrained(const PlannedLayer& layer) {
  // While the shape of an input is unknown, so are the weights.
  return !layer.frozen && layer.weights_of.empty() &&
         (!layer.shape_known || !layer.weights.empty());
}

}  // namespace

bool AppliesTo(const LayerOverride& entry, const PlannedLayer& layer) {
  if (entry.name) return MatchesGlob(*entry.name, layer.name);
  return std::count(layer.tags.begin(), layer.tags.end(), *entry.tag) > 0;
}

void CheckLayerOverrides(const OptimizerSpec& optimizer, const ModelPlan& plan,
                         Diagnostics* diagnostics) {
  if (!plan.complete) return;
  for (const LayerOverride& entry : optimizer.layers) {
    std::set<std::string> known;
    bool found = false;
    for (const PlannedLayer& layer : plan.layers) {
      if (!IsTrained(layer)) continue;
      found = found || AppliesTo(entry, layer);
      if (entry.name) known.insert(layer.name);
      if (entry.tag) known.insert(layer.tags.begin(), layer.tags.end());
    }
    if (found) continue;
    const std::string& wanted = entry.name ? *entry.name : *entry.tag;
    diagnostics->Error(
        entry.location, entry.key,
        absl::StrCat("no layer with weights to train has the ", entry.name ? "name '" : "tag '",
                     wanted, "'", DidYouMean(wanted, {known.begin(), known.end()})));
  }
}

}  // namespace kur
