// one_cycle: Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large
// Learning Rates", 2018.

#include <algorithm>
#include <cmath>

#include "engine/kurfile/specs/schedule_spec.h"

namespace kur {
namespace {

struct OneCycleSpec : CountingSchedule {
  double rise = 0.3;
  double start = 0.04;
  double end = 4e-6;
  std::string shape = "cosine";

  OneCycleSpec() { unit = "step"; }
  std::string kind() const override { return "one_cycle"; }

  double Between(double from, double to, double share) const {
    if (shape == "linear") return from + (to - from) * share;
    return to + (from - to) * (1 + std::cos(M_PI * share)) / 2;
  }

  // As in PyTorch, the last unit has the least rate, so the cycle is one unit shorter than the run.
  double Factor(const ScheduleTime& time, const ScheduleState&) const override {
    const auto length = static_cast<double>(Length(time));
    const double last = length - 1;
    const double peak = std::min(rise * length - 1, last);
    const double now = std::min(static_cast<double>(Now(time)), last);
    if (now <= peak && peak > 0) return Between(start, 1, now / peak);
    return last > peak ? Between(1, end, (now - peak) / (last - peak)) : end;
  }
};

const Fields<OneCycleSpec>& OneCycleFields() {
  static const auto* const kFields = new Fields<OneCycleSpec>(
      UnitField<OneCycleSpec>()
          .Optional("length", &OneCycleSpec::length,
                    "units of the whole cycle; the whole run if left out", IfGiven(AtLeast(1)))
          .Example("10000")
          .Optional("rise", &OneCycleSpec::rise, "share of the cycle in which the rate rises",
                    InRange(0, 1))
          .Optional("start", &OneCycleSpec::start, "share of the learning rate at the beginning",
                    NotNegative())
          .Optional("end", &OneCycleSpec::end, "share of the learning rate at the end",
                    NotNegative())
          .Choice("shape", &OneCycleSpec::shape, {"cosine", "linear"}, "how it rises and falls"));
  return *kFields;
}

const Registration<ScheduleKind> kKind(
    "one_cycle",
    MakeKind<ScheduleSpec>("Lets the rate rise to the learning rate and fall far below where it "
                           "began; momentum stays as it is (Smith and Topin, 2018).",
                           "{name: one_cycle, rise: 0.3}", OneCycleFields()));

}  // namespace
}  // namespace kur
