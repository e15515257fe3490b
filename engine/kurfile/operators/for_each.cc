// for_each: repeats containers for every element of a list.

#include "engine/kurfile/operator.h"

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
          .Required("items", &ForEachSpec::items, "the list to go through")
          .Example("[64, 32]")
          .Optional("loop_var", &ForEachSpec::loop_var, "the name of the element")
          .Required("iterate", &ForEachSpec::iterate, "the containers to repeat")
          .Example("[{dense: \"{{ item }}\"}]")
          .Containers());
  return *kFields;
}

bool Expand(const OperatorCall& call, ModelBuilder* builder) {
  ForEachSpec spec;
  if (!ParseOperator(call, ForEachFields(), {"iterate"}, builder, &spec)) return false;
  if (!spec.items.is_list()) {
    return ReportType(spec.items, call.path + ".items", "a list", builder->diagnostics());
  }
  for (const Value& item : spec.items.as_list()) {
    if (!builder->MayGoOn(call.arguments, call.path)) break;
    Scope turn(call.scope);
    turn.Set(spec.loop_var, item);
    const int errors = builder->diagnostics()->num_errors();
    builder->ExpandList(spec.iterate, call.path + ".iterate", turn, call.inside);
    // The next turn would only say the same again.
    if (builder->diagnostics()->num_errors() > errors) return false;
  }
  return true;
}

const Registration<OperatorKind> kKind(
    "for_each", {"Repeats containers for every element of a list.",
                 "for_each: {items: [64, 32], loop_var: size, iterate: [{dense: \"{{ size }}\"}]}",
                 ForEachFields().Describe(), Expand});

}  // namespace
}  // namespace kur
