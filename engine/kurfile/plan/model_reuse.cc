#include "engine/kurfile/plan/model_reuse.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/suggest.h"

namespace kur {
namespace {

// Bounds all copies: copies of copies double.
constexpr size_t kMaxCopies = 20000;

// Resolves the reuses of one model. Not thread-safe.
class Resolver {
 public:
  Resolver(const std::vector<ModelNode>& nodes, const std::map<std::string, NodeRange>& containers,
           bool names_complete, Diagnostics* diagnostics)
      : nodes_(nodes),
        ranges_(containers),
        names_complete_(names_complete),
        diagnostics_(diagnostics) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      ranges_.emplace(nodes[i].layer.name, NodeRange{i, i + 1, nodes[i].layer.mapped_axes});
    }
  }

  std::vector<ModelNode> Run() {
    std::vector<ModelNode> all;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      std::vector<ModelNode> resolved = Resolve(i);
      if (resolved.empty()) resolved.push_back(Placeholder(nodes_[i]));
      for (ModelNode& node : resolved) all.push_back(std::move(node));
    }
    return all;
  }

 private:
  // Returns node `i` itself, or the copies that it stands for if it reuses others. Empty after an
  // error.
  std::vector<ModelNode> Resolve(size_t i);
  // Returns copies of the layers of `range`, applied again at node `i`. Empty after an error.
  std::vector<ModelNode> Copy(size_t i, const NodeRange& range);
  // Returns the resolved layers of `range`. Empty after an error.
  std::vector<ModelNode> CollectLayers(const ModelNode& reuse, const NodeRange& range);
  // Turns `layers` into copies at `reuse`: gives each a name of its own and the weights of its
  // original. Returns the new names by the old ones.
  static std::map<std::string, std::string> RenameCopies(const ModelNode& reuse,
                                                         const NodeRange& range,
                                                         std::vector<ModelNode>* layers);
  // Maps the inputs of the whole `range`, under each of their names, to the inputs of node `i`.
  std::map<std::string, Value> MapInputs(size_t i, const NodeRange& range) const;
  // Returns the inputs of node `i`; the layer before it if the Kurfile gives none.
  Value::List InputsOf(size_t i) const;
  static ModelNode Placeholder(ModelNode node) {
    node.layer.spec = MakePlaceholderLayer();
    node.inputs.clear();
    return node;
  }
  void Error(const ModelNode& node, const std::string& message) {
    diagnostics_->Error(node.layer.location, node.layer.path, message);
  }

  const std::vector<ModelNode>& nodes_;
  std::map<std::string, NodeRange> ranges_;
  const bool names_complete_;
  Diagnostics* diagnostics_;
  std::set<size_t> open_;    // nodes that are being resolved
  std::set<size_t> failed_;  // nodes that cannot be resolved
  size_t copies_ = 0;
};

std::vector<ModelNode> Resolver::Resolve(size_t i) {
  const ModelNode& node = nodes_[i];
  if (node.reuses.empty()) return {node};
  if (failed_.count(i) > 0) return {};
  const auto target = ranges_.find(node.reuses);
  std::vector<ModelNode> copies;
  if (target == ranges_.end()) {
    std::vector<std::string> names;
    for (const auto& entry : ranges_) names.push_back(entry.first);
    if (names_complete_) {
      Error(node, absl::StrCat("there is no layer '", node.reuses, "' to reuse",
                               DidYouMean(node.reuses, names)));
    }
  } else if (!open_.insert(i).second) {
    Error(node, absl::StrCat("'", node.reuses, "' would reuse itself, without an end"));
  } else {
    copies = Copy(i, target->second);
    open_.erase(i);
  }
  if (copies.empty()) failed_.insert(i);
  return copies;
}

Value::List Resolver::InputsOf(size_t i) const {
  if (!nodes_[i].inputs.empty() || i == 0) return nodes_[i].inputs;
  return {Value(nodes_[i - 1].layer.name).At(nodes_[i].layer.location)};
}

std::map<std::string, Value> Resolver::MapInputs(size_t i, const NodeRange& range) const {
  const Value::List before = InputsOf(range.first);
  const Value::List now = InputsOf(i);
  std::map<std::string, Value> others;
  if (before.size() != now.size()) return others;
  for (size_t k = 0; k < before.size(); ++k) {
    const std::string& name = before[k].as_string();
    others.emplace(name, now[k]);
    for (const ModelNode& node : nodes_) {
      std::vector<std::string> names = node.aliases;
      names.push_back(node.layer.name);
      if (std::find(names.begin(), names.end(), name) == names.end()) continue;
      for (const std::string& other : names) others.emplace(other, now[k]);
    }
  }
  return others;
}

std::vector<ModelNode> Resolver::CollectLayers(const ModelNode& reuse, const NodeRange& range) {
  std::vector<ModelNode> layers;
  for (size_t j = range.first; j < range.last; ++j) {
    std::vector<ModelNode> resolved = Resolve(j);
    // Resolve() has reported the error.
    if (resolved.empty()) return {};
    for (ModelNode& layer : resolved) {
      if (IsPlaceholder(*layer.layer.spec)) return {};
      layers.push_back(std::move(layer));
    }
  }
  copies_ += layers.size();
  if (copies_ > kMaxCopies) {
    // Report only the first reuse beyond the limit.
    if (copies_ - layers.size() <= kMaxCopies) {
      Error(reuse, absl::StrCat("more than ", kMaxCopies, " layers"));
    }
    return {};
  }
  if (layers.empty()) Error(reuse, absl::StrCat("'", reuse.reuses, "' has no layers to reuse"));
  for (const ModelNode& layer : layers) {
    if (!layer.layer.spec->IsInput()) continue;
    Error(reuse, absl::StrCat("'", layer.layer.name, "' is an input; there is nothing to reuse"));
    return {};
  }
  return layers;
}

std::map<std::string, std::string> Resolver::RenameCopies(const ModelNode& reuse,
                                                          const NodeRange& range,
                                                          std::vector<ModelNode>* layers) {
  std::map<std::string, std::string> renamed;
  for (ModelNode& copy : *layers) {
    const bool is_last = &copy == &layers->back();
    const std::string name =
        is_last ? reuse.layer.name : absl::StrCat(reuse.layer.name, "/", copy.layer.name);
    renamed[copy.layer.name] = name;
    for (const std::string& alias : copy.aliases) renamed[alias] = name;
    if (copy.layer.weights_of.empty()) copy.layer.weights_of = copy.layer.name;
    copy.layer.name = name;
    copy.layer.mapped_axes += reuse.layer.mapped_axes - range.mapped_axes;
    copy.layer.location = reuse.layer.location;
    copy.layer.path = reuse.layer.path;
    copy.aliases.clear();
    copy.sink = is_last && reuse.sink;
  }
  return renamed;
}

std::vector<ModelNode> Resolver::Copy(size_t i, const NodeRange& range) {
  const ModelNode& reuse = nodes_[i];
  std::vector<ModelNode> copies = CollectLayers(reuse, range);
  if (copies.empty()) return {};
  const std::map<std::string, std::string> renamed = RenameCopies(reuse, range, &copies);
  // A copy takes its inputs from the other copies. An input of the whole range, which the sum of a
  // `residual` takes again inside the range, becomes the input of the reuse.
  const std::map<std::string, Value> outer_inputs = MapInputs(i, range);
  for (ModelNode& copy : copies) {
    for (Value& input : copy.inputs) {
      const auto inner = renamed.find(input.as_string());
      const auto outer = outer_inputs.find(input.as_string());
      if (inner != renamed.end()) {
        input = Value(inner->second).At(input.location());
      } else if (outer != outer_inputs.end()) {
        input = outer->second;
      }
    }
  }
  copies.front().inputs = reuse.inputs;
  copies.back().aliases = reuse.aliases;
  return copies;
}

}  // namespace

std::vector<ModelNode> ResolveReuse(std::vector<ModelNode> nodes,
                                    const std::map<std::string, NodeRange>& containers,
                                    bool names_complete, Diagnostics* diagnostics) {
  // Most models have no reuse: spare them the copy.
  const bool reuses = std::any_of(nodes.begin(), nodes.end(),
                                  [](const ModelNode& node) { return !node.reuses.empty(); });
  if (!reuses) return nodes;
  return Resolver(nodes, containers, names_complete, diagnostics).Run();
}

}  // namespace kur
