#ifndef KUR_ENGINE_KURFILE_SPECS_SCHEDULE_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_SCHEDULE_SPEC_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/kurfile/schema/kind.h"

namespace kur {

// Where a run stands when it asks its schedule.
struct ScheduleTime {
  int64_t step = 0;             // steps of the optimizer before the one that is to be taken
  int64_t steps_per_epoch = 1;  // at least 1
  int64_t total_steps = 0;      // of the run; 0: it has no known end
};

// What a schedule remembers of the validations, as numbers by name: empty at first, kept in
// checkpoints.
using ScheduleState = std::map<std::string, double>;

// What a Kurfile says of the course of the learning rate: parsed, immutable, thread-safe. The
// factor is a pure function, so that a run can go on at any step.
class ScheduleSpec {
 public:
  virtual ~ScheduleSpec() = default;

  // The name of the kind: "cosine".
  virtual std::string kind() const = 0;

  // What the learning rate of the next step is multiplied by.
  virtual double Factor(const ScheduleTime& time, const ScheduleState& state) const = 0;

  // Takes in the loss of the validation after an epoch.
  virtual void ObserveValidation(double loss, ScheduleState* state) const {
    static_cast<void>(loss);
    static_cast<void>(state);
  }

  // True if it lives on what ObserveValidation() is told.
  virtual bool DependsOnValidation() const { return false; }

  // True if it can only be followed by a run whose end is known.
  virtual bool NeedsTotalSteps() const { return false; }

  // Where the schedule stands in the Kurfile, for messages.
  Location location;
  std::string key;
};

using ScheduleKind = Kind<ScheduleSpec>;

// A schedule that counts epochs or steps.
class CountingSchedule : public ScheduleSpec {
 public:
  // Units before now. Epochs are counted by their steps.
  int64_t Now(const ScheduleTime& time) const {
    return unit == "step" ? time.step : time.step / time.steps_per_epoch;
  }

  // `length`, or as many units as the whole run has; at least 1.
  int64_t Length(const ScheduleTime& time) const;

  bool NeedsTotalSteps() const override { return !length.has_value(); }

  std::string unit = "epoch";
  // For those that have a `length`; others set it to 0.
  std::optional<int64_t> length;
};

// The key `unit`, for a CountingSchedule.
template <class Spec>
Fields<Spec> UnitField() {
  return Fields<Spec>().Choice("unit", &Spec::unit, {"epoch", "step"},
                               "what is counted, from the beginning of the run");
}

// A schedule is a name, or a dictionary with `name`; null: none.
template <>
struct FieldTraits<std::shared_ptr<const ScheduleSpec>> {
  static std::string Type() { return "schedule"; }
  static Value Schema() { return Value(Dict()); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    std::shared_ptr<const ScheduleSpec>* to);
  static std::string Format(const std::shared_ptr<const ScheduleSpec>&) { return "null"; }
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_SCHEDULE_SPEC_H_
