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

// One parsed metric. Immutable once parsed, thread-safe.
class MetricSpec {
 public:
  virtual ~MetricSpec() = default;

  // Returns the name of the kind: "accuracy".
  virtual std::string kind() const = 0;

  // Returns whether the metric can be computed for an output whose loss has `task`.
  virtual bool Supports(Task task) const = 0;

  // Returns whether the metric is reported if a section requests no metrics.
  virtual bool IsDefault() const { return false; }

  // Returns INVALID_ARGUMENT, in words for the author of the Kurfile, if the metric cannot be
  // computed for an output with a supported task and samples of the shape `output`.
  virtual absl::Status CheckOutput(Task task, const Shape& output) const {
    static_cast<void>(task);
    static_cast<void>(output);
    return absl::OkStatus();
  }

  // Returns INVALID_ARGUMENT, in words for the author of the Kurfile, if the metric cannot be
  // computed for a truth whose numbers stand for `symbols`. If `symbols` is empty, they are mere
  // numbers.
  virtual absl::Status CheckSymbols(const std::vector<std::string>& symbols) const {
    static_cast<void>(symbols);
    return absl::OkStatus();
  }

  // The output of the metric; absent: every output that the metric supports.
  std::optional<std::string> target;

  // The place in the Kurfile, for messages.
  Location location;
  std::string key;
};

using MetricKind = Kind<MetricSpec>;

// Returns whether an output with `task` predicts classes.
inline bool IsAboutClasses(Task task) {
  return task == Task::kClasses || task == Task::kClassNumbers || task == Task::kYesOrNo;
}

// Declares the keys that every metric has.
template <class Spec>
Fields<Spec> MetricFields() {
  return Fields<Spec>()
      .Optional("target", &Spec::target, "the output that it is about; all that it suits if absent")
      .Example("labels");
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_METRIC_SPEC_H_
