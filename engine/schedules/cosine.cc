// cosine: lowers the learning rate along half a cosine. Loshchilov and Hutter, "SGDR: Stochastic
// Gradient Descent with Warm Restarts", 2017.

#include <algorithm>
#include <cmath>

#include "engine/kurfile/specs/schedule_spec.h"

namespace kur {
namespace {

struct CosineSpec : CountingSchedule {
  double minimum = 0;
  bool restarts = false;
  int64_t growth = 1;

  std::string kind() const override { return "cosine"; }

  double Factor(const ScheduleTime& time, const ScheduleState&) const override {
    int64_t now = Now(time);
    int64_t cycle = Length(time);
    if (!restarts) now = std::min(now, cycle);
    if (restarts && growth == 1) now %= cycle;
    while (restarts && now >= cycle) {
      now -= cycle;
      if (__builtin_mul_overflow(cycle, growth, &cycle)) break;
    }
    const double share = static_cast<double>(now) / static_cast<double>(cycle);
    return minimum + (1 - minimum) * (1 + std::cos(M_PI * share)) / 2;
  }
};

const Fields<CosineSpec>& CosineFields() {
  static const auto* const kFields = new Fields<CosineSpec>(
      UnitField<CosineSpec>()
          .Optional("length", &CosineSpec::length,
                    "units until the minimum is reached; the whole run if left out",
                    IfGiven(AtLeast(1)))
          .Example("50")
          .Optional("minimum", &CosineSpec::minimum, "share of the learning rate at the end",
                    InRange(0, 1))
          .Optional("restarts", &CosineSpec::restarts,
                    "whether it begins again at the full learning rate after 'length' units")
          .Optional("growth", &CosineSpec::growth,
                    "restarts: how many times as long as the one before each cycle is",
                    AtLeast(1)));
  return *kFields;
}

const Registration<ScheduleKind> kKind(
    "cosine", MakeKind<ScheduleSpec>("Lets the learning rate fall along half a cosine, with warm "
                                     "restarts or not (Loshchilov and Hutter, 2017).",
                                     "{name: cosine, length: 50, minimum: 0.01}", CosineFields()));

}  // namespace
}  // namespace kur
