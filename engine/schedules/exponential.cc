// exponential: multiplies the learning rate by a constant factor after every unit.

#include <cmath>

#include "engine/kurfile/specs/schedule_spec.h"

namespace kur {
namespace {

struct ExponentialSpec : CountingSchedule {
  double factor = 0.95;

  ExponentialSpec() { length = 0; }
  std::string kind() const override { return "exponential"; }

  double Factor(const ScheduleTime& time, const ScheduleState&) const override {
    return std::pow(factor, static_cast<double>(Now(time)));
  }
};

const Fields<ExponentialSpec>& ExponentialFields() {
  static const auto* const kFields = new Fields<ExponentialSpec>(
      UnitField<ExponentialSpec>()
          .Required("factor", &ExponentialSpec::factor,
                    "what the learning rate is multiplied by each time", Positive())
          .Example("0.95"));
  return *kFields;
}

const Registration<ScheduleKind> kKind(
    "exponential",
    MakeKind<ScheduleSpec>("Multiplies the learning rate after every epoch.",
                           "{name: exponential, factor: 0.95}", ExponentialFields()));

}  // namespace
}  // namespace kur
