#include "engine/kurfile/plan/model_graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/suggest.h"

namespace kur {
namespace {

// Many errors bury the first ones, and finding the nearest of many names is slow.
constexpr int kMaxSuggestions = 20;
constexpr int kMaxCycles = 20;
// Longer cycles are shown in part.
constexpr size_t kMaxShown = 12;

struct PlaceholderSpec : LayerSpec {
  std::string kind() const override { return ""; }
  bool IsInput() const override { return true; }
  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>&) const override {
    return absl::UnavailableError("the layer could not be read");
  }
};

// Connects the layers of one model. Not thread-safe.
class Graph {
 public:
  Graph(std::vector<ModelNode> nodes, bool names_complete, Diagnostics* diagnostics)
      : nodes_(std::move(nodes)),
        names_complete_(names_complete),
        diagnostics_(diagnostics),
        inputs_(nodes_.size()) {}

  ModelPlan Connect();

 private:
  std::map<std::string, size_t> IndexNames();
  void ResolveInputs(const std::map<std::string, size_t>& by_name);
  bool ResolveInput(const Value& name, const ModelNode& node,
                    const std::map<std::string, size_t>& by_name, std::vector<size_t>* to);
  std::vector<size_t> Order();
  size_t BreakCycle(const std::vector<size_t>& missing);
  void ReplaceByPlaceholder(size_t i) {
    nodes_[i].layer.spec = MakePlaceholderLayer();
    nodes_[i].layer.weights_of.clear();
    inputs_[i].clear();
  }

  std::vector<ModelNode> nodes_;
  const bool names_complete_;
  Diagnostics* diagnostics_;
  std::vector<std::vector<size_t>> inputs_;  // of each node
};

std::map<std::string, size_t> Graph::IndexNames() {
  std::map<std::string, size_t> by_name;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    std::vector<std::string> names = nodes_[i].aliases;
    names.push_back(nodes_[i].layer.name);
    for (const std::string& name : names) {
      const auto [it, inserted] = by_name.emplace(name, i);
      if (!inserted) {
        diagnostics_->Error(nodes_[i].layer.location, nodes_[i].layer.path,
                            absl::StrCat("the name '", name, "' is taken; the first is at ",
                                         nodes_[it->second].layer.location.ToString()));
      }
    }
  }
  return by_name;
}

bool Graph::ResolveInput(const Value& name, const ModelNode& node,
                         const std::map<std::string, size_t>& by_name, std::vector<size_t>* to) {
  const auto it = by_name.find(name.as_string());
  if (it != by_name.end()) {
    to->push_back(it->second);
    return true;
  }
  if (!names_complete_) return false;
  std::string hint;
  if (diagnostics_->num_errors() < kMaxSuggestions) {
    std::vector<std::string> names;
    names.reserve(by_name.size());
    for (const auto& entry : by_name) names.push_back(entry.first);
    hint = DidYouMean(name.as_string(), names);
  }
  diagnostics_->Error(
      name.location(), node.layer.path,
      absl::StrCat("there is no layer '", name.as_string(), "' to take as input", hint));
  return false;
}

void Graph::ResolveInputs(const std::map<std::string, size_t>& by_name) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const ModelNode& node = nodes_[i];
    if (node.layer.spec->IsInput()) {
      if (!node.inputs.empty()) {
        diagnostics_->Error(node.layer.location, node.layer.path, "an 'input' has no inputs");
      }
      continue;
    }
    bool good = true;
    for (const Value& name : node.inputs) good &= ResolveInput(name, node, by_name, &inputs_[i]);
    if (node.inputs.empty() && i > 0) inputs_[i].push_back(i - 1);
    if (node.inputs.empty() && i == 0) {
      diagnostics_->Error(node.layer.location, node.layer.path,
                          "the first layer of a model is an 'input', as in '- input: images'");
      good = false;
    }
    if (!good) ReplaceByPlaceholder(i);
  }
}

// Reports one cycle among the layers that still miss inputs. Replaces one of its layers by a
// placeholder and returns its index.
size_t Graph::BreakCycle(const std::vector<size_t>& missing) {
  // Every remaining layer has a remaining input, so following them must end in a cycle.
  size_t at = 0;
  while (missing[at] == 0) ++at;
  std::vector<size_t> walk;
  std::vector<bool> seen(nodes_.size(), false);
  while (!seen[at]) {
    seen[at] = true;
    walk.push_back(at);
    at = *std::find_if(inputs_[at].begin(), inputs_[at].end(),
                       [&](size_t input) { return missing[input] > 0; });
  }
  walk.erase(walk.begin(), std::find(walk.begin(), walk.end(), at));
  std::vector<std::string> names;
  for (const size_t i : walk) {
    if (names.size() == kMaxShown) break;
    names.push_back(nodes_[i].layer.name);
  }
  if (walk.size() > kMaxShown) {
    names.push_back(absl::StrCat("(", walk.size() - kMaxShown, " more)"));
  }
  names.push_back(nodes_[at].layer.name);
  diagnostics_->Error(nodes_[at].layer.location, nodes_[at].layer.path,
                      absl::StrCat("inputs go round in a circle: ", absl::StrJoin(names, " <- ")));
  ReplaceByPlaceholder(at);
  return at;
}

// Returns an order in which inputs come first, and which otherwise is that of the Kurfile (Kahn's
// algorithm). With too many cycles, returns only the layers that could be sorted.
std::vector<size_t> Graph::Order() {
  std::vector<size_t> missing(nodes_.size());
  std::vector<std::vector<size_t>> users(nodes_.size());
  std::set<size_t> ready;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    missing[i] = inputs_[i].size();
    for (const size_t input : inputs_[i]) users[input].push_back(i);
    if (missing[i] == 0) ready.insert(i);
  }
  std::vector<size_t> order;
  for (int cycles = 0; cycles < kMaxCycles; ++cycles) {
    while (!ready.empty()) {
      const size_t next = *ready.begin();
      ready.erase(ready.begin());
      order.push_back(next);
      for (const size_t user : users[next]) {
        if (missing[user] > 0 && --missing[user] == 0) ready.insert(user);
      }
    }
    if (order.size() == nodes_.size()) break;
    const size_t broken = BreakCycle(missing);
    missing[broken] = 0;
    ready.insert(broken);
  }
  return order;
}

ModelPlan Graph::Connect() {
  ModelPlan plan;
  ResolveInputs(IndexNames());
  const std::vector<size_t> order = Order();
  std::vector<int> position(nodes_.size(), 0);
  for (size_t i = 0; i < order.size(); ++i) position[order[i]] = static_cast<int>(i);
  std::vector<bool> used(nodes_.size(), false);
  std::map<std::string, std::string> renamed;
  for (const size_t i : order) {
    PlannedLayer layer = std::move(nodes_[i].layer);
    const std::string name = layer.name;
    for (const size_t input : inputs_[i]) {
      layer.inputs.push_back(position[input]);
      used[static_cast<size_t>(position[input])] = true;
    }
    // Prefer a name that the author gave to an operator over a generated name.
    for (const std::string& alias : nodes_[i].aliases) {
      if (absl::StartsWith(layer.name, "..") && !absl::StartsWith(alias, "..")) layer.name = alias;
    }
    if (layer.name != name) renamed[name] = layer.name;
    plan.layers.push_back(std::move(layer));
  }
  for (PlannedLayer& layer : plan.layers) {
    const auto it = renamed.find(layer.weights_of);
    if (it != renamed.end()) layer.weights_of = it->second;
  }
  for (size_t i = 0; i < order.size(); ++i) {
    if (plan.layers[i].spec->IsInput()) plan.inputs.push_back(static_cast<int>(i));
    if (!used[i] || nodes_[order[i]].sink) plan.outputs.push_back(static_cast<int>(i));
  }
  plan.complete = names_complete_ && order.size() == nodes_.size();
  return plan;
}

}  // namespace

std::shared_ptr<const LayerSpec> MakePlaceholderLayer() {
  return std::make_shared<const PlaceholderSpec>();
}

bool IsPlaceholder(const LayerSpec& spec) { return spec.kind().empty(); }

ModelPlan ConnectModel(std::vector<ModelNode> nodes, bool names_complete,
                       Diagnostics* diagnostics) {
  return Graph(std::move(nodes), names_complete, diagnostics).Connect();
}

}  // namespace kur
