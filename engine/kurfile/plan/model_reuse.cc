#include "engine/kurfile/plan/model_reuse.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/suggest.h"

namespace kur {
namespace {

// Copies of copies double; this bounds what they may come to.
constexpr size_t kMaxCopies = 20000;

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
  // The nodes that node `i` stands for: itself, unless it reuses others. None if it cannot.
  std::vector<ModelNode> Resolve(size_t i);
  // The layers of `range`, applied again where node `i` stands.
  std::vector<ModelNode> Copy(size_t i, const NodeRange& range);
  // What the layers in `range` take as the input of them all, by every name it has, and what stands
  // for it where node `i` does.
  std::map<std::string, Value> OtherInputs(size_t i, const NodeRange& range) const;
  // The inputs of node `i`, those that are not written included.
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
  std::set<size_t> open_;    // being resolved
  std::set<size_t> failed_;  // what cannot be resolved
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

std::map<std::string, Value> Resolver::OtherInputs(size_t i, const NodeRange& range) const {
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

std::vector<ModelNode> Resolver::Copy(size_t i, const NodeRange& range) {
  const ModelNode& reuse = nodes_[i];
  std::vector<ModelNode> copies;
  for (size_t j = range.first; j < range.last; ++j) {
    std::vector<ModelNode> resolved = Resolve(j);
    // An error that was reported there.
    if (resolved.empty()) return {};
    for (ModelNode& copy : resolved) {
      if (IsPlaceholder(*copy.layer.spec)) return {};
      copies.push_back(std::move(copy));
    }
  }
  copies_ += copies.size();
  if (copies_ > kMaxCopies) {
    // Once is enough.
    if (copies_ - copies.size() <= kMaxCopies) {
      Error(reuse, absl::StrCat("more than ", kMaxCopies, " layers"));
    }
    return {};
  }
  if (copies.empty()) {
    Error(reuse, absl::StrCat("'", reuse.reuses, "' has no layers to reuse"));
    return {};
  }

  // Each copy gets a name of its own; what the originals take from each other, the copies do too.
  std::map<std::string, std::string> renamed;
  for (size_t j = 0; j < copies.size(); ++j) {
    ModelNode& copy = copies[j];
    if (copy.layer.spec->IsInput()) {
      Error(reuse, absl::StrCat("'", copy.layer.name, "' is an input; there is nothing to reuse"));
      return {};
    }
    const bool is_last = j + 1 == copies.size();
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
  // And where one takes what went into them all, as the sum of a `residual` does, its copy takes
  // what goes into them here.
  const std::map<std::string, Value> others = OtherInputs(i, range);
  for (ModelNode& copy : copies) {
    for (Value& input : copy.inputs) {
      const auto own = renamed.find(input.as_string());
      const auto other = others.find(input.as_string());
      if (own != renamed.end()) {
        input = Value(own->second).At(input.location());
      } else if (other != others.end()) {
        input = other->second;
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
  // Copies of large models take time and memory that most need not spend.
  const bool reuses = std::any_of(nodes.begin(), nodes.end(),
                                  [](const ModelNode& node) { return !node.reuses.empty(); });
  if (!reuses) return nodes;
  return Resolver(nodes, containers, names_complete, diagnostics).Run();
}

}  // namespace kur
