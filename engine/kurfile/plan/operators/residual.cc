// residual: applies containers and adds their input to their output (He et al., "Deep Residual
// Learning for Image Recognition", 2016).

#include <string>
#include <utility>

#include "engine/kurfile/plan/operator.h"

namespace kur {
namespace {

struct ResidualSpec {
  Value apply;
};

const Fields<ResidualSpec>& ResidualFields() {
  static const auto* const kFields = new Fields<ResidualSpec>(
      Fields<ResidualSpec>()
          .Required("apply", &ResidualSpec::apply,
                    "the containers to apply; the last must give the shape of the input")
          .Example("[{dense: 64}, {activation: relu}]")
          .Containers()
          .Shorthand("apply"));
  return *kFields;
}

// Returns {merge: add, inputs: [...]}, located at the operator.
Value MakeSum(const Value& body, const Value& input, const Location& location) {
  Dict merge;
  merge.Set(Value("merge"), Value("add").At(location));
  merge.Set(Value("inputs"), Value(Value::List{body, input}).At(location));
  return Value(Value::List{Value(std::move(merge)).At(location)}).At(location);
}

bool Expand(const OperatorCall& call, ModelBuilder* builder) {
  ResidualSpec spec;
  if (call.arguments.is_list()) {
    spec.apply = call.arguments;
  } else if (!ParseOperator(call, ResidualFields(), {"apply"}, builder, &spec)) {
    return false;
  }
  const auto& inputs = call.keys.inputs.values;
  const std::string before = builder->LastLayer();
  if (inputs.size() > 1 || (inputs.empty() && before.empty())) {
    builder->diagnostics()->Error(call.arguments.location(), call.path,
                                  inputs.empty() ? "has no layer before it whose output it adds"
                                                 : "adds one input, but has several 'inputs'");
    return false;
  }
  const Value input = inputs.empty() ? Value(before).At(call.arguments.location()) : inputs[0];
  builder->ExpandList(spec.apply, call.path + ".apply", *call.scope, call.inherited);
  const std::string last = builder->LastLayer();
  if (last == before) {
    builder->diagnostics()->Error(spec.apply.location(), call.path, "applies no layer");
    return false;
  }
  builder->ExpandList(MakeSum(Value(last), input, call.arguments.location()), call.path,
                      *call.scope, call.inherited);
  return true;
}

const Registration<OperatorKind> kKind(
    "residual", {"Applies containers and adds the input to their output (He et al., 2016).",
                 "residual: [{dense: 64}, {activation: relu}, {dense: 64}]",
                 ResidualFields().Describe(), Expand});

}  // namespace
}  // namespace kur
