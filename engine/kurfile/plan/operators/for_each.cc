// for_each: repeats containers for every element of a list, key of a dictionary or character of a
// text.

#include <optional>

#include "engine/base/utf8.h"
#include "engine/kurfile/plan/operator.h"

namespace kur {
namespace {

struct ForEachSpec {
  Value items;
  std::string loop_var = "item";
  Value iterate;
};

const Fields<ForEachSpec>& ForEachFields() {
  static const auto* const kFields = new Fields<ForEachSpec>(
      Fields<ForEachSpec>()
          .Required(
              "items", &ForEachSpec::items,
              "what to go through: a list, the keys of a dictionary or the characters of a text")
          .Example("[64, 32]")
          .Optional("loop_var", &ForEachSpec::loop_var, "the name of the element")
          .Required("iterate", &ForEachSpec::iterate, "the containers to repeat")
          .Example("[{dense: \"{{ item }}\"}]")
          .Containers());
  return *kFields;
}

// Returns the elements that Python's iter() gives, or nothing for a value that has none.
std::optional<Value::List> Elements(const Value& items) {
  if (items.is_list()) return items.as_list();
  Value::List elements;
  if (items.is_dict()) {
    for (const auto& entry : items.as_dict()) elements.push_back(entry.first);
  } else if (items.is_string()) {
    for (const absl::string_view character : SplitCharacters(items.as_string())) {
      elements.push_back(Value(character).At(items.location()));
    }
  } else {
    return std::nullopt;
  }
  return elements;
}

bool Expand(const OperatorCall& call, ModelBuilder* builder) {
  ForEachSpec spec;
  if (!ParseOperator(call, ForEachFields(), {"iterate"}, builder, &spec)) return false;
  const auto elements = Elements(spec.items);
  if (!elements) {
    return ReportType(spec.items, call.path + ".items", "a list, a dictionary or a text",
                      builder->diagnostics());
  }
  for (const Value& item : *elements) {
    if (!builder->CheckBudget(call.arguments, call.path)) break;
    Scope turn(call.scope);
    turn.Set(spec.loop_var, item);
    const int errors = builder->diagnostics()->num_errors();
    builder->ExpandList(spec.iterate, call.path + ".iterate", turn, call.inherited);
    // Further iterations would only repeat the error.
    if (builder->diagnostics()->num_errors() > errors) return false;
  }
  return true;
}

const Registration<OperatorKind> kKind(
    "for_each",
    {"Repeats containers for every element of a list, key of a dictionary or character of a text.",
     "for_each: {items: [64, 32], loop_var: size, iterate: [{dense: \"{{ size }}\"}]}",
     ForEachFields().Describe(), Expand});

}  // namespace
}  // namespace kur
