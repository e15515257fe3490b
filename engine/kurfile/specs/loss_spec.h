#ifndef KUR_ENGINE_KURFILE_SPECS_LOSS_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_LOSS_SPEC_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/schema/kind.h"
#include "engine/kurfile/specs/layer_spec.h"
#include "engine/value/shape.h"

namespace kur {

// What an output says of a sample, and so what can be counted about it.
enum class Task {
  kClasses,       // the probabilities of classes, along the last axis; the truth has the same shape
  kClassNumbers,  // the same, where the truth holds the number of the class
  kYesOrNo,       // a probability in each element, whose truth is 0 or 1
  kNumbers,       // numbers
  kSequence,      // symbols along the first axis, not aligned with the truth (see ctc)
};

// A source of data that a loss compares an output with.
struct TruthSource {
  std::string name;
  std::string key;            // the key of the loss that names it: "target"
  std::vector<Shape> shapes;  // what its samples may be; an unknown extent stands for any
  // An input of the model: the source counts along its first axis, and the loss is given the counts
  // along the first axis of the output. Empty: the values are used as they are.
  std::string scaled_from;
  bool stays_on_host = false;  // small, and needed on the CPU wherever the model is
};

// What a Kurfile says of one loss function: parsed, immutable, thread-safe.
class LossSpec {
 public:
  virtual ~LossSpec() = default;

  // The name of the kind: "mean_squared_error".
  virtual std::string kind() const = 0;

  virtual Task task() const = 0;

  // The layer that the loss wants at the end of the model: it is then computed from that layer's
  // input, in one stable step.
  virtual Probabilities fused_with() const { return Probabilities::kNone; }

  // For a sequence: whether the first element of the output is the blank, and not the last.
  virtual bool blank_is_first() const { return false; }

  // What is read from the data for an output of samples of that shape, in the order in which the
  // built loss takes it. INVALID_ARGUMENT, in words for the author of the Kurfile, if the loss
  // cannot be that of such an output.
  virtual absl::StatusOr<std::vector<TruthSource>> Truth(const Shape& output) const {
    return std::vector<TruthSource>{{target, "target", {output}, "", false}};
  }

  // The model's output that the loss is attached to and, for most, the source with the truth.
  std::string target;
  // The factor of this loss in the sum over all outputs.
  double weight = 1;

  // Where the loss stands in the Kurfile, for messages.
  Location location;
  std::string key;
};

using LossKind = Kind<LossSpec>;

// The keys that every loss has.
template <class Spec>
Fields<Spec> LossFields() {
  return Fields<Spec>()
      .Required("target", &Spec::target, "the output of the model that is compared with the data")
      .Example("labels")
      .Optional("weight", &Spec::weight,
                "factor in the sum over all outputs; losses are reported with it", NotNegative());
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_LOSS_SPEC_H_
