// for: repeats containers a number of times.

#include "engine/kurfile/plan/operator.h"

namespace kur {
namespace {

struct ForSpec {
  int64_t range = 0;
  std::string with_index = "index";
  Value iterate;
};

const Fields<ForSpec>& ForFields() {
  static const auto* const kFields = new Fields<ForSpec>(
      Fields<ForSpec>()
          .Required("range", &ForSpec::range, "how many times", AtLeast(0))
          .Example("3")
          .Optional("with_index", &ForSpec::with_index, "the name that counts the turns from 0")
          .Required("iterate", &ForSpec::iterate, "the containers to repeat")
          .Example("[{dense: 64}, {activation: relu}]")
          .Containers());
  return *kFields;
}

bool Expand(const OperatorCall& call, ModelBuilder* builder) {
  ForSpec spec;
  if (!ParseOperator(call, ForFields(), {"iterate"}, builder, &spec)) return false;
  for (int64_t i = 0; i < spec.range && builder->CheckBudget(call.arguments, call.path); ++i) {
    Scope turn(call.scope);
    turn.Set(spec.with_index, Value(i));
    const int errors = builder->diagnostics()->num_errors();
    builder->ExpandList(spec.iterate, call.path + ".iterate", turn, call.inherited);
    // Further iterations would only repeat the error.
    if (builder->diagnostics()->num_errors() > errors) return false;
  }
  return true;
}

const Registration<OperatorKind> kKind(
    "for", {"Repeats containers a number of times.",
            "for: {range: 2, with_index: i, iterate: [{dense: \"{{ 64 * (i + 1) }}\"}]}",
            ForFields().Describe(), Expand});

}  // namespace
}  // namespace kur
