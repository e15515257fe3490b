// parallel: applies containers to each element along the first axis of a sample.

#include "engine/kurfile/plan/operator.h"

namespace kur {
namespace {

struct ParallelSpec {
  Value apply;
};

const Fields<ParallelSpec>& ParallelFields() {
  static const auto* const kFields = new Fields<ParallelSpec>(
      Fields<ParallelSpec>()
          .Required("apply", &ParallelSpec::apply, "the containers to apply, one after the other")
          .Example("[{dense: 29}]")
          .Containers());
  return *kFields;
}

bool Expand(const OperatorCall& call, ModelBuilder* builder) {
  ParallelSpec spec;
  if (!ParseOperator(call, ParallelFields(), {"apply"}, builder, &spec)) return false;
  InheritedKeys inherited = call.inherited;
  ++inherited.mapped_axes;
  builder->ExpandList(spec.apply, call.path + ".apply", *call.scope, inherited);
  return true;
}

const Registration<OperatorKind> kKind(
    "parallel",
    {"Applies containers, with the same weights, to each element along the first axis: to every "
     "time step of a sequence.",
     "parallel: {apply: [{dense: 29}, {activation: relu}]}", ParallelFields().Describe(), Expand});

}  // namespace
}  // namespace kur
