// step: multiplies the learning rate at certain epochs.

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/kurfile/specs/schedule_spec.h"

namespace kur {
namespace {

struct StepSpec : CountingSchedule {
  std::optional<int64_t> every;
  std::vector<int64_t> at;
  double factor = 0.1;

  StepSpec() { length = 0; }
  std::string kind() const override { return "step"; }

  double Factor(const ScheduleTime& time, const ScheduleState&) const override {
    const int64_t now = Now(time);
    const int64_t falls =
        every ? now / *every
              : std::count_if(at.begin(), at.end(), [now](int64_t when) { return when <= now; });
    return std::pow(factor, static_cast<double>(falls));
  }
};

const Fields<StepSpec>& StepFields() {
  static const auto* const kFields = new Fields<StepSpec>(
      UnitField<StepSpec>()
          .Optional("every", &StepSpec::every, "units between two falls", IfGiven(AtLeast(1)))
          .Example("30")
          .Optional("at", &StepSpec::at, "the units after which it falls, instead of 'every'",
                    EachAtLeast(1))
          .Example("[30, 60, 80]")
          .Optional("factor", &StepSpec::factor,
                    "what the learning rate is multiplied by each time", Positive()));
  return *kFields;
}

std::shared_ptr<const ScheduleSpec> ParseStep(const Value& value, const std::string& key,
                                              Diagnostics* diagnostics) {
  auto spec = std::make_shared<StepSpec>();
  spec->location = value.location();
  spec->key = key;
  if (!StepFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  if (spec->every.has_value() != spec->at.empty()) {
    diagnostics->Error(value.location(), key, "give either 'every' or 'at'");
    return nullptr;
  }
  return spec;
}

ScheduleKind MakeStepKind() {
  ScheduleKind kind = MakeKind<ScheduleSpec>("Multiplies the learning rate at certain epochs.",
                                             "{name: step, every: 30, factor: 0.1}", StepFields());
  kind.parse = ParseStep;
  return kind;
}

const Registration<ScheduleKind> kKind("step", MakeStepKind());

}  // namespace
}  // namespace kur
