#include "engine/kurfile/specs/schedule_spec.h"

#include <algorithm>
#include <utility>

namespace kur {

int64_t CountingSchedule::Length(const ScheduleTime& time) const {
  if (length.has_value()) return *length;
  // An epoch that a warmup has partly used counts.
  const int64_t epochs = (time.total_steps + time.steps_per_epoch - 1) / time.steps_per_epoch;
  const int64_t total = unit == "step" ? time.total_steps : epochs;
  return std::max<int64_t>(total, 1);
}

bool FieldTraits<std::shared_ptr<const ScheduleSpec>>::Parse(
    const Value& value, const std::string& key, Diagnostics* diagnostics,
    std::shared_ptr<const ScheduleSpec>* to) {
  to->reset();
  if (value.is_null()) return true;
  const Value* named = value.is_string() ? &value : value.Find("name");
  if (named == nullptr) {
    return ReportType(value, key, "the name of a schedule, or a dictionary with 'name'",
                      diagnostics);
  }
  std::string name;
  if (!FieldTraits<std::string>::Parse(*named, key + ".name", diagnostics, &name)) return false;
  Dict rest = value.is_dict() ? value.as_dict() : Dict();
  rest.Erase("name");
  *to = ParseKind<ScheduleSpec>("schedule", name, named->location(),
                                Value(std::move(rest)).At(value.location()), key, diagnostics);
  return *to != nullptr;
}

}  // namespace kur
