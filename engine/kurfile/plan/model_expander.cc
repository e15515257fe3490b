#include "engine/kurfile/plan/model_expander.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/suggest.h"
#include "engine/base/utf8.h"
#include "engine/kurfile/plan/model_graph.h"
#include "engine/kurfile/plan/model_reuse.h"
#include "engine/kurfile/plan/operator.h"
#include "engine/kurfile/schema/argument_errors.h"
#include "engine/kurfile/schema/container_keys.h"

namespace kur {
namespace {

constexpr size_t kMaxLayers = 20000;
constexpr size_t kMaxConnections = 100000;
constexpr int kMaxNesting = 64;
// Bounds containers and iterations of loops together: a model may loop forever without adding
// layers.
constexpr int64_t kMaxSteps = 1000000;

std::vector<std::string> ContainerKeyNames() {
  std::vector<std::string> names;
  for (const FieldInfo& field : ContainerFields().Describe().fields) names.push_back(field.name);
  return names;
}

// Returns the name that is written beside a container, or "" if it is a template.
std::string WrittenName(const Value& container) {
  const Value* name = container.Find("name");
  const bool plain =
      name != nullptr && name->is_string() && !absl::StrContains(name->as_string(), '{');
  return plain ? name->as_string() : "";
}

// Expands one model. Not thread-safe.
class Expander : public ModelBuilder {
 public:
  Expander(const TemplateEngine& engine, const Value& templates, Diagnostics* diagnostics)
      : engine_(engine), diagnostics_(diagnostics), key_names_(ContainerKeyNames()) {
    if (templates.is_dict()) templates_ = templates.as_dict();
  }

  bool Evaluate(const Value& value, const Scope& scope, const std::string& path,
                Value* to) override;
  void ExpandList(const Value& containers, const std::string& path, const Scope& scope,
                  const InheritedKeys& inherited) override;
  std::string LastLayer() const override { return nodes_.empty() ? "" : nodes_.back().layer.name; }
  bool CheckBudget(const Value& where, const std::string& path) override;
  Diagnostics* diagnostics() override { return diagnostics_; }

  // Returns the expanded nodes. Call once.
  std::vector<ModelNode> TakeNodes() { return std::move(nodes_); }
  // Returns whether the expansion was stopped. The nodes are useless then.
  bool too_large() const { return too_large_; }
  // Returns `tags`, `oldest` and `layers`.
  Dict names() const;
  // Returns false if a container that could not be read may have had layers with names.
  bool names_complete() const { return names_complete_; }
  // Returns the containers that have added layers, by name.
  const std::map<std::string, NodeRange>& containers() const { return containers_; }

 private:
  // A container with its kind. `arguments` is the value under the key of the kind.
  struct Container {
    Value kind;
    Value arguments;
    Value whole;
    std::string path;  // "model[3]"
  };

  void Expand(const Value& value, const std::string& path, const Scope& scope,
              const InheritedKeys& inherited);
  bool FindKind(const Value& value, const std::string& path, Container* container);
  bool IsContainerKey(const std::string& key) const {
    return std::count(key_names_.begin(), key_names_.end(), key) > 0;
  }
  bool EvaluateKeys(const Container& container, const Scope& scope, ContainerKeys* keys);
  bool ExpandTemplate(const Value& body, const OperatorCall& call);
  Value TemplateArguments(const OperatorCall& call, Diagnostics* failures);
  void AddLayer(const Container& container, const ContainerKeys& keys, const Scope& scope,
                const InheritedKeys& inherited);
  void FinishOperator(const Container& container, const ContainerKeys& keys, NodeRange range);
  // Adds a placeholder for a container that has an error. Other layers may refer to `name`, unless
  // it is empty.
  void AddPlaceholder(const Value& where, const std::string& path, const std::string& name);
  void Register(const ContainerKeys& keys, const std::string& name);

  // Returns a scope on top of `scope` in which `tags`, `oldest` and `layers` have their values at
  // the time of the lookup.
  Scope WithState(const Scope& scope);
  const Value* ResolveState(absl::string_view name);
  std::string UniqueName(const std::string& kind);
  void Error(const Value& where, const std::string& path, std::string message) {
    diagnostics_->Error(where.location(), path, std::move(message));
  }

  const TemplateEngine& engine_;
  Diagnostics* diagnostics_;
  Dict templates_;
  const std::vector<std::string> key_names_;
  std::vector<ModelNode> nodes_;
  std::map<std::string, NodeRange> containers_;
  std::map<std::string, int> counters_;
  Dict tags_;
  Dict oldest_;
  Value::List layers_;
  // The last results of ResolveState(), made when a template asks: copying the names for every
  // layer would take quadratic time.
  Value tags_value_;
  Value oldest_value_;
  Value layers_value_;
  int64_t steps_ = 0;
  size_t connections_ = 0;
  bool too_large_ = false;
  bool names_complete_ = true;
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

Dict Expander::names() const {
  Dict names;
  names.Set(Value("tags"), Value(tags_));
  names.Set(Value("oldest"), Value(oldest_));
  names.Set(Value("layers"), Value(layers_));
  return names;
}

Scope Expander::WithState(const Scope& scope) {
  return Scope(&scope, [this](absl::string_view name) { return ResolveState(name); });
}

bool Expander::Evaluate(const Value& value, const Scope& scope, const std::string& path,
                        Value* to) {
  auto evaluated = engine_.Evaluate(value, scope, /*recursive=*/true, path);
  if (evaluated.ok()) {
    *to = *std::move(evaluated);
    if (!to->is_string() || IsUtf8(to->as_string())) return true;
    Error(value, path, "the template gives a text that is no UTF-8");
    return false;
  }
  diagnostics_->Append(evaluated.status(), value.location(), path);
  return false;
}

std::string Expander::UniqueName(const std::string& kind) {
  return absl::StrCat("..", kind, ".", counters_[kind]++);
}

bool Expander::CheckBudget(const Value& where, const std::string& path) {
  if (too_large_) return false;
  if (nodes_.size() >= kMaxLayers) {
    Error(where, path, absl::StrCat("the model has more than ", kMaxLayers, " layers"));
    too_large_ = true;
  } else if (++steps_ > kMaxSteps) {
    Error(where, path,
          absl::StrCat("the model takes more than ", kMaxSteps,
                       " steps to expand; is a loop or a "
                       "template without an end?"));
    too_large_ = true;
  }
  return !too_large_;
}

void Expander::ExpandList(const Value& containers, const std::string& path, const Scope& scope,
                          const InheritedKeys& inherited) {
  Value list = containers;
  // `iterate: "{{ layers_of_this_turn }}"`
  if (list.is_string() && !Evaluate(containers, WithState(scope), path, &list)) {
    return AddPlaceholder(containers, path, "");
  }
  if (!list.is_list()) {
    Error(list, path, absl::StrCat("expected a list of layers, got ", Describe(list)));
    return AddPlaceholder(list, path, "");
  }
  for (size_t i = 0; i < list.as_list().size() && CheckBudget(list, path); ++i) {
    Expand(list.as_list()[i], absl::StrCat(path, "[", i, "]"), scope, inherited);
  }
}

void Expander::Expand(const Value& value, const std::string& path, const Scope& scope,
                      const InheritedKeys& inherited) {
  if (inherited.depth > kMaxNesting) {
    Error(value, path, absl::StrCat("nested deeper than ", kMaxNesting, " levels"));
    too_large_ = true;
    return;
  }
  const Scope state = WithState(scope);
  Value entry = value;
  if (entry.is_string()) {
    if (!Evaluate(entry, state, path, &entry)) return AddPlaceholder(value, path, "");
    if (entry.is_string()) {
      Dict dict;
      dict.Set(entry, Value().At(value.location()));
      entry = Value(std::move(dict)).At(value.location());
    }
  }
  Container container;
  container.path = path;
  ContainerKeys keys;
  if (!FindKind(entry, path, &container)) {
    names_complete_ = false;
    return AddPlaceholder(entry, path, WrittenName(entry));
  }
  const std::string& kind = container.kind.as_string();
  if (!EvaluateKeys(container, state, &keys)) {
    const auto* const layer = Registry<LayerKind>::Get().Find(kind);
    if (layer == nullptr) names_complete_ = false;
    return AddPlaceholder(entry, path, WrittenName(entry));
  }
  if (!Truthy(keys.when)) return;
  InheritedKeys own = inherited;
  own.frozen = keys.freeze.value_or(inherited.frozen);
  const auto* const found = Registry<OperatorKind>::Get().Find(kind);
  const Value* const body = templates_.Find(kind);
  if (found == nullptr && body == nullptr) {
    AddLayer(container, keys, state, own);
    return;
  }
  OperatorCall call(container.arguments, absl::StrCat(path, ".", kind), &state);
  call.keys = keys;
  call.inherited = own;
  ++call.inherited.depth;
  const size_t first = nodes_.size();
  const bool good = found != nullptr ? found->expand(call, this) : ExpandTemplate(*body, call);
  if (!good) AddPlaceholder(container.kind, call.path, "");
  FinishOperator(container, keys, {first, nodes_.size(), own.mapped_axes});
}

bool Expander::FindKind(const Value& value, const std::string& path, Container* container) {
  if (!value.is_dict()) {
    Error(value, path, absl::StrCat("expected a layer, got ", Describe(value)));
    return false;
  }
  const auto& layers = Registry<LayerKind>::Get();
  const auto& operators = Registry<OperatorKind>::Get();
  const Dict::Entry* found = nullptr;
  for (const auto& entry : value.as_dict()) {
    if (!entry.first.is_string()) {
      Error(entry.first, path, absl::StrCat("expected a layer, got ", Describe(entry.first)));
      return false;
    }
    const std::string& key = entry.first.as_string();
    if (IsContainerKey(key)) continue;
    const bool known =
        templates_.Contains(key) || operators.Find(key) != nullptr || layers.Find(key) != nullptr;
    if (known && found == nullptr) {
      found = &entry;
      continue;
    }
    if (known) {
      Error(entry.first, path,
            absl::StrCat("'", key, "' and '", found->first.as_string(),
                         "' in one entry; begin a new entry with '-'"));
      return false;
    }
    std::vector<std::string> candidates = layers.Names();
    for (const std::string& name : operators.Names()) candidates.push_back(name);
    for (const auto& body : templates_) candidates.push_back(body.first.as_string());
    candidates.insert(candidates.end(), key_names_.begin(), key_names_.end());
    Error(entry.first, path,
          absl::StrCat("unknown layer or key '", key, "'", DidYouMean(key, candidates)));
    return false;
  }
  if (found == nullptr) {
    Error(value, path, "names no layer");
    return false;
  }
  container->kind = found->first;
  container->arguments =
      found->second.location().known() ? found->second : found->second.At(found->first.location());
  container->whole = value;
  return true;
}

bool Expander::EvaluateKeys(const Container& container, const Scope& scope, ContainerKeys* keys) {
  Dict evaluated;
  bool good = true;
  for (const auto& [key, raw] : container.whole.as_dict()) {
    if (!IsContainerKey(key.as_string())) continue;
    Value value;
    const std::string path = absl::StrCat(container.path, ".", key.as_string());
    if (Evaluate(raw, scope, path, &value)) {
      if (key == Value("name") && value.is_number()) value = Value(ToJson(value));
      evaluated.Set(key, value.location().known() ? value : value.At(raw.location()));
    } else {
      good = false;
    }
  }
  const Value dict = Value(std::move(evaluated)).At(container.whole.location());
  return ContainerFields().Parse(dict, container.path, diagnostics_, keys) && good;
}

// Evaluates the arguments of a template where the template is used. Keeps an argument that fails
// there as it was written, because it may refer to a name that exists only inside the template,
// such as the index of a loop. `failures` receives the reasons.
Value Expander::TemplateArguments(const OperatorCall& call, Diagnostics* failures) {
  const auto evaluate = [&](const Value& raw, const std::string& path) {
    auto value = engine_.Evaluate(raw, *call.scope, /*recursive=*/true, path);
    if (value.ok()) return *std::move(value);
    failures->Append(value.status(), raw.location(), path);
    return raw;
  };
  if (!call.arguments.is_dict()) return evaluate(call.arguments, call.path);
  Dict arguments;
  for (const auto& [key, raw] : call.arguments.as_dict()) {
    const std::string name = key.is_string() ? key.as_string() : ToJson(key);
    arguments.Set(key, evaluate(raw, absl::StrCat(call.path, ".", name)));
  }
  return Value(std::move(arguments)).At(call.arguments.location());
}

// Adds the containers of the template `body` at the place of its use.
bool Expander::ExpandTemplate(const Value& body, const OperatorCall& call) {
  Diagnostics failures;
  const Value arguments = TemplateArguments(call, &failures);
  if (!arguments.is_dict() && !arguments.is_null()) {
    Error(call.arguments, call.path,
          absl::StrCat("expected the arguments of the template as a dictionary, got ",
                       Describe(arguments)));
    diagnostics_->Append(failures);
    return false;
  }
  Value::List inputs = call.keys.inputs.values;
  if (inputs.empty() && !layers_.empty()) inputs.push_back(layers_.back());
  Scope outer(call.scope);
  outer.Set("args", arguments.is_dict() ? arguments : Value(Dict()));
  outer.Set("inputs", Value(std::move(inputs)));
  Scope scope(&outer, arguments.is_dict() ? arguments.as_dict() : Dict());
  const Value list = body.is_list() ? body : Value(Value::List{body}).At(body.location());
  Diagnostics inside;
  Diagnostics* const outside = std::exchange(diagnostics_, &inside);
  ExpandList(list, call.path, scope, call.inherited);
  diagnostics_ = outside;
  AppendTemplateErrors(inside, failures, diagnostics_);
  return true;
}

// Passes the keys of an operator to its layers: `tag` to all, `inputs` to the first, the name and
// `sink` to the last.
void Expander::FinishOperator(const Container& container, const ContainerKeys& keys,
                              NodeRange range) {
  const std::string name = keys.name.value_or(UniqueName(container.kind.as_string()));
  for (size_t i = range.first; i < range.last; ++i) {
    for (const std::string& tag : keys.tag.strings()) nodes_[i].layer.tags.push_back(tag);
  }
  if (range.last > range.first) {
    ModelNode& first = nodes_[range.first];
    if (first.inputs.empty() && !IsPlaceholder(*first.layer.spec))
      first.inputs = keys.inputs.values;
    nodes_.back().aliases.push_back(name);
    nodes_.back().sink = nodes_.back().sink || keys.sink.on;
    containers_.emplace(name, range);
  }
  Register(keys, name);
}

void Expander::AddPlaceholder(const Value& where, const std::string& path,
                              const std::string& name) {
  if (name.empty()) names_complete_ = false;
  ModelNode node;
  node.layer.spec = MakePlaceholderLayer();
  node.layer.name = name.empty() ? UniqueName("unread") : name;
  node.layer.location = where.location();
  node.layer.path = path;
  nodes_.push_back(std::move(node));
}

void Expander::Register(const ContainerKeys& keys, const std::string& name) {
  for (const std::string& tag : keys.tag.strings()) tags_.Set(Value(tag), Value(name));
  for (const std::string& oldest : keys.oldest.strings()) {
    if (!oldest_.Contains(oldest)) oldest_.Set(Value(oldest), Value(name));
  }
  layers_.emplace_back(name);
}

void Expander::AddLayer(const Container& container, const ContainerKeys& keys, const Scope& scope,
                        const InheritedKeys& inherited) {
  const std::string& kind = container.kind.as_string();
  const std::string path = absl::StrCat(container.path, ".", kind);
  Value arguments;
  ModelNode node;
  if (Evaluate(container.arguments, scope, path, &arguments)) {
    node.layer.spec = ParseKind<LayerSpec>("layer", kind, container.kind.location(), arguments,
                                           path, diagnostics_, ContainerKeyNames());
  }
  if (node.layer.spec == nullptr) {
    // Also by mistake, as in {dense: {name: ...}}.
    const bool may_name_itself = Registry<LayerKind>::Get().Find(kind)->keys.Has("name") ||
                                 arguments.Find("name") != nullptr;
    const bool unnamed = !keys.name.has_value() && !may_name_itself;
    AddPlaceholder(container.kind, path, unnamed ? UniqueName(kind) : keys.name.value_or(""));
    return Register(keys, nodes_.back().layer.name);
  }
  const LayerSpec& spec = *node.layer.spec;
  node.layer.kind = spec.kind();
  node.layer.name = keys.name.value_or(spec.NameFromArguments());
  if (node.layer.name.empty()) node.layer.name = UniqueName(node.layer.kind);
  node.layer.frozen = inherited.frozen;
  node.layer.tags = keys.tag.strings();
  node.layer.mapped_axes = inherited.mapped_axes;
  node.layer.location = container.kind.location();
  node.layer.path = path;
  node.inputs = keys.inputs.values;
  connections_ += node.inputs.size();
  if (connections_ > kMaxConnections) {
    Error(container.kind, path,
          absl::StrCat("the layers have more than ", kMaxConnections, " inputs together"));
    too_large_ = true;
    return;
  }
  node.sink = keys.sink.on || spec.IsOutput();
  node.reuses = spec.ReuseTarget();
  Register(keys, node.layer.name);
  nodes_.push_back(std::move(node));
}

// Reports templates with the name of a layer or an operator, which would change the meaning of
// models that use that name.
void CheckTemplates(const Value& templates, Diagnostics* diagnostics) {
  if (templates.is_null()) return;
  if (!templates.is_dict()) {
    ReportType(templates, "templates", "a dictionary of templates", diagnostics);
    return;
  }
  const std::vector<std::string> key_names = ContainerKeyNames();
  for (const auto& [key, body] : templates.as_dict()) {
    const std::string name = key.is_string() ? key.as_string() : ToJson(key);
    const std::string path = "templates." + name;
    if (!key.is_string()) {
      ReportType(key, path, "a name", diagnostics);
    } else if (Registry<LayerKind>::Get().Find(name) != nullptr ||
               Registry<OperatorKind>::Get().Find(name) != nullptr ||
               std::count(key_names.begin(), key_names.end(), name) > 0) {
      diagnostics->Error(
          key.location(), path,
          absl::StrCat("'", name, "' has a meaning of its own in a model; choose another name"));
    } else if (!body.is_list() && !body.is_dict() && !body.is_string()) {
      ReportType(body, path, "a list of layers", diagnostics);
    }
  }
}

}  // namespace

ModelPlan ExpandModel(const Value& model, const Value& templates, const TemplateEngine& engine,
                      const Scope& scope, Diagnostics* diagnostics, Dict* names) {
  Diagnostics own;
  CheckTemplates(templates, &own);
  const bool templates_good = !own.has_errors();
  Expander expander(engine, templates, &own);
  if (templates_good) expander.ExpandList(model, "model", scope, {});
  ModelPlan plan;
  plan.complete = false;
  if (templates_good && !expander.too_large()) {
    const bool complete = expander.names_complete();
    plan = ConnectModel(ResolveReuse(expander.TakeNodes(), expander.containers(), complete, &own),
                        complete, &own);
  }
  if (names != nullptr) *names = expander.names();
  diagnostics->Append(own);
  return plan;
}

}  // namespace kur
