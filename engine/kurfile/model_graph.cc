#include "engine/kurfile/model_graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/suggest.h"

namespace kur {
namespace {

class Graph {
 public:
  Graph(const std::vector<ModelNode>& nodes, Diagnostics* diagnostics)
      : nodes_(nodes), diagnostics_(diagnostics) {}

  ModelPlan Connect();

 private:
  std::map<std::string, size_t> IndexNames();
  std::vector<std::vector<size_t>> ResolveInputs(const std::map<std::string, size_t>& by_name);
  std::vector<size_t> Order(const std::vector<std::vector<size_t>>& inputs);

  const std::vector<ModelNode>& nodes_;
  Diagnostics* diagnostics_;
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

std::vector<std::vector<size_t>> Graph::ResolveInputs(
    const std::map<std::string, size_t>& by_name) {
  std::vector<std::string> names;
  for (const auto& entry : by_name) names.push_back(entry.first);
  // Looking for the nearest of many names for many errors would take quadratic time.
  constexpr int kMostSuggestions = 20;
  std::vector<std::vector<size_t>> inputs(nodes_.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const ModelNode& node = nodes_[i];
    if (node.layer.spec->IsInput()) {
      if (!node.inputs.empty()) {
        diagnostics_->Error(node.layer.location, node.layer.path, "an 'input' has no inputs");
      }
      continue;
    }
    if (node.inputs.empty()) {
      if (i > 0) {
        inputs[i].push_back(i - 1);
      } else {
        diagnostics_->Error(node.layer.location, node.layer.path,
                            "the first layer of a model is an 'input', as in '- input: images'");
      }
    }
    for (const Value& name : node.inputs) {
      const auto it = by_name.find(name.as_string());
      if (it == by_name.end()) {
        diagnostics_->Error(
            name.location(), node.layer.path,
            absl::StrCat("there is no layer '", name.as_string(), "' to take as input",
                         diagnostics_->num_errors() < kMostSuggestions
                             ? DidYouMean(name.as_string(), names)
                             : ""));
      } else {
        inputs[i].push_back(it->second);
      }
    }
  }
  return inputs;
}

// An order in which inputs come first and which otherwise keeps that of the Kurfile (Kahn's
// algorithm). Reports a cycle and returns what could be ordered.
std::vector<size_t> Graph::Order(const std::vector<std::vector<size_t>>& inputs) {
  std::vector<size_t> missing(nodes_.size());
  std::vector<std::vector<size_t>> users(nodes_.size());
  std::set<size_t> ready;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    missing[i] = inputs[i].size();
    for (const size_t input : inputs[i]) users[input].push_back(i);
    if (missing[i] == 0) ready.insert(i);
  }
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t next = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(next);
    for (const size_t user : users[next]) {
      if (--missing[user] == 0) ready.insert(user);
    }
  }
  if (order.size() == nodes_.size()) return order;

  // From any layer that is left, following an input that is left too must come round in a circle.
  size_t at = 0;
  while (missing[at] == 0) ++at;
  std::vector<size_t> walk;
  while (std::count(walk.begin(), walk.end(), at) == 0) {
    walk.push_back(at);
    at = *std::find_if(inputs[at].begin(), inputs[at].end(),
                       [&](size_t input) { return missing[input] > 0; });
  }
  std::vector<std::string> names;
  for (auto it = std::find(walk.begin(), walk.end(), at); it != walk.end(); ++it) {
    names.push_back(nodes_[*it].layer.name);
  }
  names.push_back(nodes_[at].layer.name);
  diagnostics_->Error(nodes_[at].layer.location, nodes_[at].layer.path,
                      absl::StrCat("inputs go round in a circle: ", absl::StrJoin(names, " <- ")));
  return order;
}

ModelPlan Graph::Connect() {
  ModelPlan plan;
  const auto inputs = ResolveInputs(IndexNames());
  if (diagnostics_->has_errors()) return plan;
  const std::vector<size_t> order = Order(inputs);
  std::vector<int> position(nodes_.size(), 0);
  for (size_t i = 0; i < order.size(); ++i) position[order[i]] = static_cast<int>(i);
  std::vector<bool> used(nodes_.size(), false);
  std::map<std::string, std::string> renamed;
  for (const size_t i : order) {
    PlannedLayer layer = nodes_[i].layer;
    for (const size_t input : inputs[i]) {
      layer.inputs.push_back(position[input]);
      used[static_cast<size_t>(position[input])] = true;
    }
    // A name that its author gave to an operator is better than one that we made up.
    for (const std::string& alias : nodes_[i].aliases) {
      if (layer.name.rfind("..", 0) == 0 && alias.rfind("..", 0) != 0) layer.name = alias;
    }
    renamed[nodes_[i].layer.name] = layer.name;
    plan.layers.push_back(std::move(layer));
  }
  for (PlannedLayer& layer : plan.layers) {
    if (!layer.weights_of.empty()) layer.weights_of = renamed.at(layer.weights_of);
  }
  for (size_t i = 0; i < order.size(); ++i) {
    if (plan.layers[i].spec->IsInput()) plan.inputs.push_back(static_cast<int>(i));
    if (!used[i] || nodes_[order[i]].sink) plan.outputs.push_back(static_cast<int>(i));
  }
  return plan;
}

}  // namespace

ModelPlan ConnectModel(const std::vector<ModelNode>& nodes, Diagnostics* diagnostics) {
  return Graph(nodes, diagnostics).Connect();
}

}  // namespace kur
