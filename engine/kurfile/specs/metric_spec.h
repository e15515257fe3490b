#ifndef KUR_ENGINE_KURFILE_SPECS_METRIC_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_METRIC_SPEC_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/kurfile/schema/kind.h"
#include "engine/kurfile/specs/loss_spec.h"
#include "engine/value/shape.h"

namespace kur {

// What a Kurfile says of one metric: parsed, immutable, thread-safe.
class MetricSpec {
 public:
  virtual ~MetricSpec() = default;

  // The name of the kind: "accuracy".
  virtual std::string kind() const = 0;

  // Whether it can be counted for an output whose loss has that task.
  virtual bool Supports(Task task) const = 0;

  // Whether it is reported where a section does not choose its metrics.
  virtual bool IsDefault() const { return false; }

  // INVALID_ARGUMENT, in words for the author of the Kurfile, if it cannot be counted for an output
  // of a task that it suits and of samples of that shape.
  virtual absl::Status CheckOutput(Task task, const Shape& output) const {
    static_cast<void>(task);
    static_cast<void>(output);
    return absl::OkStatus();
  }

  // INVALID_ARGUMENT, in words for the author of the Kurfile, if it cannot be counted where the
  // numbers of the truth stand for `symbols`, or if that is empty for themselves.
  virtual absl::Status CheckSymbols(const std::vector<std::string>& symbols) const {
    static_cast<void>(symbols);
    return absl::OkStatus();
  }

  // The output that it is about; absent: every output that it suits.
  std::optional<std::string> target;

  // Where the metric stands in the Kurfile, for messages.
  Location location;
  std::string key;
};

using MetricKind = Kind<MetricSpec>;

// Whether an output of that task is about classes.
inline bool IsAboutClasses(Task task) {
  return task == Task::kClasses || task == Task::kClassNumbers || task == Task::kYesOrNo;
}

// The keys that every metric has.
template <class Spec>
Fields<Spec> MetricFields() {
  return Fields<Spec>()
      .Optional("target", &Spec::target, "the output that it is about; all that it suits if absent")
      .Example("labels");
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_METRIC_SPEC_H_
