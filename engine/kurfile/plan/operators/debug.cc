// debug: shows a message during the expansion of the model.

#include "engine/kurfile/plan/operator.h"

namespace kur {
namespace {

struct DebugSpec {
  Value message;
};

const Fields<DebugSpec>& DebugFields() {
  static const auto* const kFields = new Fields<DebugSpec>(
      Fields<DebugSpec>()
          .Required("message", &DebugSpec::message, "what to say: a text, or any other value")
          .Example("\"{{ layers|length }} layers so far\"")
          .Shorthand("message"));
  return *kFields;
}

bool Expand(const OperatorCall& call, ModelBuilder* builder) {
  DebugSpec spec;
  if (!ParseOperator(call, DebugFields(), {}, builder, &spec)) return true;
  builder->diagnostics()->Note(
      call.arguments.location(), call.path,
      spec.message.is_string() ? spec.message.as_string() : ToJson(spec.message));
  return true;
}

const Registration<OperatorKind> kKind(
    "debug", {"Shows a message, as a note beside warnings, and leaves the model as it is.",
              "debug: \"{{ layers|length }} layers so far\"", DebugFields().Describe(), Expand});

}  // namespace
}  // namespace kur
