#ifndef KUR_ENGINE_KURFILE_SPECS_LOSS_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_LOSS_SPEC_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/schema/kind.h"
#include "engine/kurfile/specs/class_weights.h"
#include "engine/kurfile/specs/layer_spec.h"
#include "engine/value/shape.h"

namespace kur {

// The meaning of an output for a sample, which decides which metrics apply.
enum class Task {
  kClasses,       // class probabilities along the last axis; the truth has the same shape
  kClassNumbers,  // class probabilities; the truth is the number of the class
  kYesOrNo,       // a probability in each element; the truth is 0 or 1
  kNumbers,       // numbers (regression)
  kSequence,      // symbols along the first axis, not aligned with the truth (see ctc)
};

// A data source that a loss compares an output with.
struct TruthSource {
  std::string name;
  std::string key;            // the key of the loss that names the source: "target"
  std::vector<Shape> shapes;  // allowed sample shapes; an unknown extent allows any
  // A layer of the model. The source gives lengths along the first axis of that layer, and the loss
  // receives lengths along the first axis of the output. Empty: the values are passed unchanged.
  std::string scaled_from;
  bool stays_on_host = false;  // small, and needed on the CPU whatever the device of the model
};

// One parsed loss function. Immutable once parsed, thread-safe.
class LossSpec {
 public:
  virtual ~LossSpec() = default;

  // Returns the name of the kind: "mean_squared_error".
  virtual std::string kind() const = 0;

  virtual Task task() const = 0;

  // Returns the layer that should end the model. The loss is then computed from the input of that
  // layer, in one numerically stable step.
  virtual Probabilities fused_with() const { return Probabilities::kNone; }

  // Returns whether the first element of a sequence's output is the blank, not the last.
  virtual bool blank_is_first() const { return false; }

  // Returns the sources that the loss reads for an output with samples of the shape `output`, in
  // the order of the built loss's arguments. INVALID_ARGUMENT, in words for the author of the
  // Kurfile, if the loss cannot apply to such an output.
  virtual absl::StatusOr<std::vector<TruthSource>> Truth(const Shape& output) const {
    return std::vector<TruthSource>{{target, "target", {output}, "", false}};
  }

  // Returns the names of these sources, without that of `sample_weight`.
  virtual std::vector<std::string> Sources() const { return {target}; }

  // Returns the layer from whose lengths a source of Truth() is scaled, and the key that names it;
  // empty names: there is none.
  struct LayerName {
    std::string layer;
    std::string key;
  };
  virtual LayerName ScaledFrom() const { return {}; }

  // The output of the model that the loss applies to and, for most losses, the source with the
  // truth.
  std::string target;
  // The factor of the loss in the sum over all outputs.
  double weight = 1;
  // The factors of classes, of losses that tell classes apart; absent: all are 1.
  std::optional<ClassWeights> class_weights;
  // The source with a factor for each sample; absent: all are 1.
  std::optional<std::string> sample_weight;

  // The place in the Kurfile, for messages.
  Location location;
  std::string key;
};

using LossKind = Kind<LossSpec>;

// Declares the keys that every loss has.
template <class Spec>
Fields<Spec> LossFields() {
  return Fields<Spec>()
      .Required("target", &Spec::target, "the output of the model that is compared with the data")
      .Example("labels")
      .Optional("weight", &Spec::weight,
                "factor in the sum over all outputs; losses are reported with it", NotNegative());
}

// Adds the key of losses whose samples can be weighed.
template <class Spec>
Fields<Spec> WithSampleWeight(Fields<Spec> fields) {
  return std::move(fields
                       .Optional("sample_weight", &Spec::sample_weight,
                                 "a source with a number for each sample, by which its loss is "
                                 "multiplied")
                       .Example("importance"));
}

// Adds the keys of losses that tell classes apart.
template <class Spec>
Fields<Spec> WithClassWeights(Fields<Spec> fields) {
  return WithSampleWeight(std::move(
      fields
          .Optional("class_weights", &Spec::class_weights,
                    "factors of the loss by the class of a sample: a list by the numbers of the "
                    "classes, a dictionary by their names, or balanced, with which each class "
                    "counts alike, however rare it is in the training data")
          .Example("balanced")));
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_LOSS_SPEC_H_
