// assert: refuses a model for which a condition does not hold.

#include "absl/strings/str_cat.h"
#include "engine/kurfile/plan/operator.h"

namespace kur {
namespace {

struct AssertSpec {
  Value condition;
};

const Fields<AssertSpec>& AssertFields() {
  static const auto* const kFields =
      new Fields<AssertSpec>(Fields<AssertSpec>()
                                 .Required("condition", &AssertSpec::condition,
                                           "what must be true; of a list: every element")
                                 .Example("\"{{ depth <= 5 }}\"")
                                 .Shorthand("condition"));
  return *kFields;
}

bool Expand(const OperatorCall& call, ModelBuilder* builder) {
  AssertSpec spec;
  if (!ParseOperator(call, AssertFields(), {}, builder, &spec)) return true;
  const Value* written = call.arguments.Find("condition");
  if (written == nullptr) written = &call.arguments;
  const auto check = [&](const Value& condition, const Value& as_written) {
    if (Truthy(condition)) return;
    builder->diagnostics()->Error(
        as_written.location(), call.path,
        absl::StrCat("does not hold: ", Describe(as_written), " gives ", Describe(condition)));
  };
  if (!spec.condition.is_list() || spec.condition.as_list().empty()) {
    check(spec.condition, *written);
    return true;
  }
  const Value::List& conditions = spec.condition.as_list();
  for (size_t i = 0; i < conditions.size(); ++i) {
    const bool same_list = written->is_list() && written->as_list().size() == conditions.size();
    check(conditions[i], same_list ? written->as_list()[i] : *written);
  }
  return true;
}

const Registration<OperatorKind> kKind("assert",
                                       {"Refuses the Kurfile if a condition does not hold.",
                                        "assert: \"{{ depth <= 5 }}\"", AssertFields().Describe(),
                                        Expand});

}  // namespace
}  // namespace kur
