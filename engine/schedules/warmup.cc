// warmup: raises the learning rate linearly, then follows another schedule. Goyal et al.,
// "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017.

#include <algorithm>

#include "engine/kurfile/specs/schedule_spec.h"

namespace kur {
namespace {

struct WarmupSpec : CountingSchedule {
  int64_t rise = 0;
  double start = 0.01;
  std::shared_ptr<const ScheduleSpec> next;  // null: the full learning rate

  WarmupSpec() {
    unit = "step";
    length = 0;
  }
  std::string kind() const override { return "warmup"; }

  double Factor(const ScheduleTime& time, const ScheduleState& state) const override {
    const int64_t now = Now(time);
    if (now < rise) {
      return start + (1 - start) * static_cast<double>(now) / static_cast<double>(rise);
    }
    if (next == nullptr) return 1;
    // The next schedule counts from the end of the warmup.
    const int64_t passed = unit == "step" ? rise : rise * time.steps_per_epoch;
    ScheduleTime later = time;
    later.step -= passed;
    if (later.total_steps > 0) later.total_steps = std::max<int64_t>(later.total_steps - passed, 1);
    return next->Factor(later, state);
  }

  void ObserveValidation(double loss, ScheduleState* state) const override {
    if (next != nullptr) next->ObserveValidation(loss, state);
  }
  bool DependsOnValidation() const override {
    return next != nullptr && next->DependsOnValidation();
  }
  bool NeedsTotalSteps() const override { return next != nullptr && next->NeedsTotalSteps(); }
};

const Fields<WarmupSpec>& WarmupFields() {
  static const auto* const kFields = new Fields<WarmupSpec>(
      UnitField<WarmupSpec>()
          .Required(
              "length", &WarmupSpec::rise, "units until the full learning rate is reached",
              Condition<int64_t>{"at least 1 and at most 1000000000",
                                 [](int64_t value) { return value >= 1 && value <= 1000000000; },
                                 BoundKeyword("minimum", 1)})
          .Example("1000")
          .Optional("start", &WarmupSpec::start, "share of the learning rate at the beginning",
                    NotNegative())
          .Optional("then", &WarmupSpec::next, "the schedule that follows")
          .Example("{name: cosine}")
          .Kinds("schedule"));
  return *kFields;
}

const Registration<ScheduleKind> kKind(
    "warmup",
    MakeKind<ScheduleSpec>("Lets the learning rate rise from a small one, then follows "
                           "another schedule (Goyal et al., 2017).",
                           "{name: warmup, length: 1000, then: {name: cosine}}", WarmupFields()));

}  // namespace
}  // namespace kur
