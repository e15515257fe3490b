#ifndef KUR_ENGINE_KURFILE_SPECS_SCHEDULE_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_SCHEDULE_SPEC_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/kurfile/schema/kind.h"

namespace kur {

// The position of a run for which a schedule gives a factor.
struct ScheduleTime {
  int64_t step = 0;             // optimizer steps before the next one
  int64_t steps_per_epoch = 1;  // at least 1
  int64_t total_steps = 0;      // of the run; 0: unknown
};

// What a schedule remembers of the validations, as numbers by name. Empty at first; saved in
// checkpoints.
using ScheduleState = std::map<std::string, double>;

// A parsed schedule of the learning rate. The factor is a pure function, so that a run can resume
// at any step. Immutable once parsed, thread-safe.
class ScheduleSpec {
 public:
  virtual ~ScheduleSpec() = default;

  // Returns the name of the kind: "cosine".
  virtual std::string kind() const = 0;

  // Returns the factor of the learning rate for the next step.
  virtual double Factor(const ScheduleTime& time, const ScheduleState& state) const = 0;

  // Updates the state by the loss of the validation after an epoch.
  virtual void ObserveValidation(double loss, ScheduleState* state) const {
    static_cast<void>(loss);
    static_cast<void>(state);
  }

  // Returns whether the schedule uses ObserveValidation().
  virtual bool DependsOnValidation() const { return false; }

  // Returns whether the schedule needs a run whose end is known.
  virtual bool NeedsTotalSteps() const { return false; }

  // The place in the Kurfile, for messages.
  Location location;
  std::string key;
};

using ScheduleKind = Kind<ScheduleSpec>;

// A schedule that counts epochs or steps. Immutable once parsed, thread-safe.
class CountingSchedule : public ScheduleSpec {
 public:
  // Returns the completed units. An epoch is complete after all its steps.
  int64_t Now(const ScheduleTime& time) const {
    return unit == "step" ? time.step : time.step / time.steps_per_epoch;
  }

  // Returns `length`, or the units of the whole run; at least 1.
  int64_t Length(const ScheduleTime& time) const;

  bool NeedsTotalSteps() const override { return !length.has_value(); }

  std::string unit = "epoch";
  // Schedules without a length set it to 0.
  std::optional<int64_t> length;
};

// Declares the key `unit`, for a CountingSchedule.
template <class Spec>
Fields<Spec> UnitField() {
  return Fields<Spec>().Choice("unit", &Spec::unit, {"epoch", "step"},
                               "what is counted, from the beginning of the run");
}

// Reads a name, or a dictionary with `name`; null: no schedule.
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
