#include "engine/kurfile/model_expander.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/suggest.h"
#include "engine/kurfile/model_graph.h"

namespace kur {
namespace {

constexpr size_t kMaxLayers = 100000;
constexpr int kMaxNesting = 64;

// Keys that every container may have beside its kind.
const std::set<std::string>& CommonKeys() {
  static const auto* const kKeys =
      new std::set<std::string>{"name", "tag", "oldest", "inputs", "sink", "freeze", "when"};
  return *kKeys;
}

// Operators make layers and are none themselves.
bool IsOperator(const std::string& kind) { return kind == "for" || kind == "for_each"; }

// The keys common to all containers, evaluated.
struct Common {
  std::string name;  // empty: none given
  std::vector<Value> inputs;
  std::vector<std::string> tags;
  std::vector<std::string> oldest;
  bool sink = false;
  bool frozen = false;
  bool when = true;
};

bool Truthy(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return false;
    case Value::Type::kBool:
      return value.as_bool();
    case Value::Type::kInt:
    case Value::Type::kFloat:
      return value.as_float() != 0;
    case Value::Type::kString:
      return !value.as_string().empty();
    case Value::Type::kList:
      return !value.as_list().empty();
    case Value::Type::kDict:
      return !value.as_dict().empty();
  }
  return false;
}

class Expander {
 public:
  Expander(const TemplateEngine& engine, Diagnostics* diagnostics)
      : engine_(engine), diagnostics_(diagnostics) {}

  void ExpandList(const Value& list, const std::string& path, const Scope& scope, bool frozen,
                  int depth);

  const std::vector<ModelNode>& nodes() const { return nodes_; }

 private:
  // A container with its kind found: `arguments` is what stands under the kind's key.
  struct Container {
    std::string kind;
    Value kind_key;
    Value arguments;
    Value whole;
    std::string path;
  };

  void Expand(const Value& value, const std::string& path, const Scope& scope, bool frozen,
              int depth);
  bool FindKind(const Value& value, const std::string& path, Container* container);
  bool EvaluateCommon(const Container& container, const Scope& scope, bool frozen, Common* common);
  std::optional<Value> EvaluateLoop(const Container& container, const Scope& scope);
  void ExpandFor(const Container& container, const Common& common, const Scope& scope, int depth);
  void ExpandForEach(const Container& container, const Common& common, const Scope& scope,
                     int depth);
  void AddLayer(const Container& container, Common common, const Scope& scope);
  void FinishOperator(const Container& container, const Common& common, size_t first);
  void Register(const Common& common, const std::string& name);

  // A scope on top of `scope` in which `tags`, `oldest` and `layers` are as they are when they are
  // looked for.
  Scope WithState(const Scope& scope);
  const Value* ResolveState(absl::string_view name);
  std::string UniqueName(const std::string& kind);
  bool Evaluate(const Value& value, const Scope& scope, const std::string& path, Value* to);
  bool EvaluateStrings(const Value& value, const std::string& path, std::vector<std::string>* to);
  void Error(const Value& where, const std::string& path, std::string message) {
    diagnostics_->Error(where.location(), path, std::move(message));
  }

  const TemplateEngine& engine_;
  Diagnostics* diagnostics_;
  std::vector<ModelNode> nodes_;
  std::map<std::string, int> counters_;
  Dict tags_;
  Dict oldest_;
  Value::List layers_;
  // What ResolveState() gave last: made when a template asks, as copying the names for every layer
  // would take quadratic time.
  Value tags_value_;
  Value oldest_value_;
  Value layers_value_;
  bool too_many_ = false;
};

const Value* Expander::ResolveState(absl::string_view name) {
  if (name == "tags") {
    tags_value_ = Value(tags_);
    return &tags_value_;
  }
  if (name == "oldest") {
    oldest_value_ = Value(oldest_);
    return &oldest_value_;
  }
  if (name == "layers") {
    layers_value_ = Value(layers_);
    return &layers_value_;
  }
  return nullptr;
}

Scope Expander::WithState(const Scope& scope) {
  return Scope(&scope, [this](absl::string_view name) { return ResolveState(name); });
}

bool Expander::Evaluate(const Value& value, const Scope& scope, const std::string& path,
                        Value* to) {
  auto evaluated = engine_.Evaluate(value, scope, /*recursive=*/true, path);
  if (evaluated.ok()) {
    *to = *std::move(evaluated);
    return true;
  }
  const auto details = DiagnosticsOf(evaluated.status());
  for (const Diagnostic& detail : details) {
    diagnostics_->Error(detail.location, detail.path, detail.message);
  }
  if (details.empty()) Error(value, path, std::string(evaluated.status().message()));
  return false;
}

std::string Expander::UniqueName(const std::string& kind) {
  return absl::StrCat("..", kind, ".", counters_[kind]++);
}

void Expander::ExpandList(const Value& list, const std::string& path, const Scope& scope,
                          bool frozen, int depth) {
  if (!list.is_list()) {
    Error(list, path, absl::StrCat("expected a list of layers, got ", Describe(list)));
    return;
  }
  for (size_t i = 0; i < list.as_list().size() && !too_many_; ++i) {
    Expand(list.as_list()[i], absl::StrCat(path, "[", i, "]"), scope, frozen, depth);
  }
}

void Expander::Expand(const Value& value, const std::string& path, const Scope& scope, bool frozen,
                      int depth) {
  if (depth > kMaxNesting) {
    Error(value, path, absl::StrCat("nested deeper than ", kMaxNesting, " levels"));
    return;
  }
  if (nodes_.size() >= kMaxLayers) {
    Error(value, path, absl::StrCat("the model has more than ", kMaxLayers, " layers"));
    too_many_ = true;
    return;
  }
  const Scope state = WithState(scope);
  Value entry = value;
  if (entry.is_string()) {
    if (!Evaluate(entry, state, path, &entry)) return;
    if (entry.is_string()) {
      Dict dict;
      dict.Set(entry, Value().At(value.location()));
      entry = Value(std::move(dict)).At(value.location());
    }
  }
  Container container;
  container.path = path;
  Common common;
  if (!FindKind(entry, path, &container)) return;
  if (!EvaluateCommon(container, state, frozen, &common)) return;
  if (!common.when) return;
  if (container.kind == "for") {
    ExpandFor(container, common, state, depth);
  } else if (container.kind == "for_each") {
    ExpandForEach(container, common, state, depth);
  } else {
    AddLayer(container, std::move(common), state);
  }
}

bool Expander::FindKind(const Value& value, const std::string& path, Container* container) {
  if (!value.is_dict()) {
    Error(value, path, absl::StrCat("expected a layer, got ", Describe(value)));
    return false;
  }
  const auto& kinds = Registry<LayerKind>::Get();
  const Dict::Entry* found = nullptr;
  for (const auto& entry : value.as_dict()) {
    if (!entry.first.is_string()) {
      Error(entry.first, path, absl::StrCat("expected a layer, got ", Describe(entry.first)));
      return false;
    }
    const std::string& key = entry.first.as_string();
    if (CommonKeys().count(key) > 0) continue;
    const bool known = IsOperator(key) || kinds.Find(key) != nullptr;
    if (known && found == nullptr) {
      found = &entry;
      continue;
    }
    std::vector<std::string> candidates = kinds.Names();
    candidates.insert(candidates.end(), {"for", "for_each"});
    candidates.insert(candidates.end(), CommonKeys().begin(), CommonKeys().end());
    std::string message =
        absl::StrCat("unknown layer or key '", key, "'", DidYouMean(key, candidates));
    if (known) {
      message = absl::StrCat("'", key, "' and '", found->first.as_string(),
                             "' in one entry; begin a new entry with '-'");
    }
    Error(entry.first, path, std::move(message));
    return false;
  }
  if (found == nullptr) {
    Error(value, path, "names no layer");
    return false;
  }
  container->kind = found->first.as_string();
  container->kind_key = found->first;
  container->arguments =
      found->second.location().known() ? found->second : found->second.At(found->first.location());
  container->whole = value;
  return true;
}

bool Expander::EvaluateStrings(const Value& value, const std::string& path,
                               std::vector<std::string>* to) {
  const Value::List list = value.is_list() ? value.as_list() : Value::List{value};
  for (const Value& element : list) {
    if (element.is_dict() || element.is_list() || element.is_null()) {
      Error(value, path, absl::StrCat("expected a name or a list of names, got ", Describe(value)));
      return false;
    }
    to->push_back(element.is_string() ? element.as_string() : ToJson(element));
  }
  return true;
}

bool Expander::EvaluateCommon(const Container& container, const Scope& scope, bool frozen,
                              Common* common) {
  common->frozen = frozen;
  bool good = true;
  for (const auto& [key, raw] : container.whole.as_dict()) {
    const std::string& name = key.as_string();
    if (CommonKeys().count(name) == 0) continue;
    const std::string path = absl::StrCat(container.path, ".", name);
    Value value;
    if (!Evaluate(raw, scope, path, &value)) {
      good = false;
      continue;
    }
    if (name == "when") {
      common->when = Truthy(value);
    } else if (name == "sink") {
      good &= FieldTraits<bool>::Parse(value, path, diagnostics_, &common->sink);
    } else if (name == "freeze") {
      if (!value.is_null()) {
        good &= FieldTraits<bool>::Parse(value, path, diagnostics_, &common->frozen);
      }
    } else if (name == "tag") {
      good &= EvaluateStrings(value, path, &common->tags);
    } else if (name == "oldest") {
      good &= EvaluateStrings(value, path, &common->oldest);
    } else if (name == "name") {
      std::vector<std::string> names;
      good &= EvaluateStrings(value, path, &names);
      if (names.size() == 1) common->name = names[0];
    } else {
      std::vector<std::string> names;
      good &= EvaluateStrings(value, path, &names);
      for (std::string& input : names) common->inputs.push_back(Value(input).At(raw.location()));
    }
  }
  return good;
}

// The keys of an operator that repeats layers, evaluated but for the layers themselves: those are
// evaluated in each turn.
std::optional<Value> Expander::EvaluateLoop(const Container& container, const Scope& scope) {
  const std::string path = absl::StrCat(container.path, ".", container.kind);
  if (!container.arguments.is_dict()) {
    ReportType(container.arguments, path, "a dictionary with 'iterate'", diagnostics_);
    return std::nullopt;
  }
  Dict evaluated;
  for (const auto& [key, raw] : container.arguments.as_dict()) {
    Value value = raw;
    const std::string name = key.is_string() ? key.as_string() : ToJson(key);
    if (name != "iterate" && !Evaluate(raw, scope, absl::StrCat(path, ".", name), &value)) {
      return std::nullopt;
    }
    evaluated.Set(key, value);
  }
  return Value(std::move(evaluated)).At(container.arguments.location());
}

void Expander::ExpandFor(const Container& container, const Common& common, const Scope& scope,
                         int depth) {
  struct ForSpec {
    int64_t range = 0;
    std::string with_index = "index";
    Value iterate;
  };
  static const auto* const kFields = new Fields<ForSpec>(
      Fields<ForSpec>()
          .Required("range", &ForSpec::range, "how many times", AtLeast(0))
          .Optional("with_index", &ForSpec::with_index, "the name that counts from 0")
          .Required("iterate", &ForSpec::iterate, "the layers to repeat"));
  const std::string path = absl::StrCat(container.path, ".for");
  const auto arguments = EvaluateLoop(container, scope);
  ForSpec spec;
  if (!arguments || !kFields->Parse(*arguments, path, diagnostics_, &spec)) return;
  const size_t first = nodes_.size();
  for (int64_t i = 0; i < spec.range && !too_many_; ++i) {
    Scope turn(&scope);
    turn.Set(spec.with_index, Value(i));
    ExpandList(spec.iterate, path + ".iterate", turn, common.frozen, depth + 1);
    // A turn that adds nothing or fails would do so again, up to 2^63 times.
    if (nodes_.size() == first || diagnostics_->has_errors()) break;
  }
  FinishOperator(container, common, first);
}

void Expander::ExpandForEach(const Container& container, const Common& common, const Scope& scope,
                             int depth) {
  struct ForEachSpec {
    Value items;
    std::string loop_var = "item";
    Value iterate;
  };
  static const auto* const kFields = new Fields<ForEachSpec>(
      Fields<ForEachSpec>()
          .Required("items", &ForEachSpec::items, "the list to go through")
          .Optional("loop_var", &ForEachSpec::loop_var, "the name of the element")
          .Required("iterate", &ForEachSpec::iterate, "the layers to repeat"));
  const std::string path = absl::StrCat(container.path, ".for_each");
  const auto arguments = EvaluateLoop(container, scope);
  ForEachSpec spec;
  if (!arguments || !kFields->Parse(*arguments, path, diagnostics_, &spec)) return;
  if (!spec.items.is_list()) {
    ReportType(spec.items, path + ".items", "a list", diagnostics_);
    return;
  }
  const size_t first = nodes_.size();
  for (const Value& item : spec.items.as_list()) {
    Scope turn(&scope);
    turn.Set(spec.loop_var, item);
    ExpandList(spec.iterate, path + ".iterate", turn, common.frozen, depth + 1);
    if (too_many_ || diagnostics_->has_errors()) break;
  }
  FinishOperator(container, common, first);
}

// What is said of an operator holds for the layers it has made: `inputs` for the first, the name
// and `sink` for the last.
void Expander::FinishOperator(const Container& container, const Common& common, size_t first) {
  const std::string name = common.name.empty() ? UniqueName(container.kind) : common.name;
  if (nodes_.size() > first) {
    if (!common.inputs.empty()) nodes_[first].inputs = common.inputs;
    nodes_.back().aliases.push_back(name);
    nodes_.back().sink = nodes_.back().sink || common.sink;
  }
  Register(common, name);
}

void Expander::Register(const Common& common, const std::string& name) {
  for (const std::string& tag : common.tags) tags_.Set(Value(tag), Value(name));
  for (const std::string& oldest : common.oldest) {
    if (!oldest_.Contains(oldest)) oldest_.Set(Value(oldest), Value(name));
  }
  layers_.emplace_back(name);
}

void Expander::AddLayer(const Container& container, Common common, const Scope& scope) {
  const std::string path = absl::StrCat(container.path, ".", container.kind);
  Value arguments;
  if (!Evaluate(container.arguments, scope, path, &arguments)) return;
  // `input: images` names the layer.
  if (container.kind == "input" && arguments.is_string()) {
    if (common.name.empty()) common.name = arguments.as_string();
    arguments = Value().At(arguments.location());
  }
  ModelNode node;
  node.layer.spec = ParseKind<LayerSpec>("layer", container.kind, container.kind_key.location(),
                                         arguments, path, diagnostics_);
  if (node.layer.spec == nullptr) return;
  node.layer.kind = container.kind;
  node.layer.name = common.name.empty() ? UniqueName(container.kind) : common.name;
  node.layer.frozen = common.frozen;
  node.layer.location = container.kind_key.location();
  node.layer.path = path;
  node.inputs = common.inputs;
  node.sink = common.sink;
  Register(common, node.layer.name);
  nodes_.push_back(std::move(node));
}

}  // namespace

ModelPlan ExpandModel(const Value& model, const TemplateEngine& engine, const Scope& scope,
                      Diagnostics* diagnostics) {
  Diagnostics own;
  Expander expander(engine, &own);
  expander.ExpandList(model, "model", scope, /*frozen=*/false, 0);
  ModelPlan plan;
  if (!own.has_errors()) plan = ConnectModel(expander.nodes(), &own);
  for (const Diagnostic& diagnostic : own.all()) {
    diagnostics->Error(diagnostic.location, diagnostic.path, diagnostic.message);
  }
  return plan;
}

}  // namespace kur
