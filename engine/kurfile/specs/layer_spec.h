#ifndef KUR_ENGINE_KURFILE_SPECS_LAYER_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_LAYER_SPEC_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/status.h"
#include "engine/kurfile/schema/kind.h"
#include "engine/value/shape.h"

namespace kur {

// A tensor that a layer owns.
struct WeightInfo {
  std::string name;  // "weight", "bias", "running_mean"
  Shape shape;
  bool trainable = true;  // false for running statistics
};

// What stays in memory between the forward and the backward pass of a layer.
struct SavedForBackward {
  bool input = false;      // its inputs
  bool output = false;     // its output
  bool is_view = false;    // the output has no memory of its own: it is another view of the input
  int64_t more_bytes = 0;  // besides, for one sample; kUnknown while an axis is unknown
};

// How a layer makes probabilities of its input, if it does: a softmax over the last axis, or a
// sigmoid of each value.
enum class Probabilities { kNone, kSoftmax, kSigmoid };

// What a Kurfile says of one layer: parsed, immutable, thread-safe. Knows shapes and sizes, holds
// no tensor.
class LayerSpec {
 public:
  virtual ~LayerSpec() = default;

  // The name of the kind: "dense".
  virtual std::string kind() const = 0;

  // The shape of the output for the shapes of the inputs (at least one, except for `input`).
  // INVALID_ARGUMENT, in words for the author of the Kurfile, when they do not fit.
  virtual absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const = 0;

  // The tensors of the layer, for inputs that OutputShape() has accepted. An unknown extent in a
  // weight's shape means that the plan cannot tell yet.
  virtual std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const {
    static_cast<void>(inputs);
    return {};
  }

  // A cross-entropy on such an output is computed from the input, in one stable step.
  virtual Probabilities probabilities() const { return Probabilities::kNone; }

  // True for an `input`, which has no inputs of its own: its data come from outside.
  virtual bool IsInput() const { return false; }

  // True for a layer that is an output of the model even if others use it.
  virtual bool IsOutput() const { return false; }

  // True for a layer whose output is its input.
  virtual bool IsIdentity() const { return false; }

  // True if the output is new memory at which the backward pass of the layer does not look again,
  // so that a layer that is the only one to take it may write over it.
  virtual bool ForgetsOutput() const { return false; }

  // True for a function of each value that never falls and whose derivative is 0 where it gives
  // the same for different values: taking maxima before it or after it is the same.
  virtual bool CommutesWithMaxima() const { return false; }

  // True for max(x, 0) of each value.
  virtual bool IsRelu() const { return false; }

  // True for a layer that can do the ReLU behind it along with its own work.
  virtual bool CanApplyRelu() const { return false; }

  // True for a layer that only takes maxima.
  virtual bool TakesMaxima() const { return false; }

  // The name that the arguments of the layer give it, as `input: images` does; empty for none.
  virtual std::string OwnName() const { return ""; }

  // For `reuse`: the name of the layer or container that is applied again. Empty for all others.
  virtual std::string ReuseTarget() const { return ""; }

  // Multiplications, each with an addition, for one sample going forward, for inputs that
  // OutputShape() has accepted. Counts matrix products and convolutions, not what is done once for
  // each element. kUnknown while an axis is unknown.
  virtual int64_t MultiplyAdds(const std::vector<Shape>& inputs) const {
    static_cast<void>(inputs);
    return 0;
  }

  // What the backward pass will need of the forward one, for inputs that OutputShape() has
  // accepted.
  virtual SavedForBackward SavesForBackward(const std::vector<Shape>& inputs) const {
    static_cast<void>(inputs);
    return {/*input=*/false, /*output=*/true};
  }

  // Where the layer stands in the Kurfile, for messages.
  Location location;
  std::string key;
};

using LayerKind = Kind<LayerSpec>;

// The kind of a spec struct with a table of fields, which must live for ever.
template <class Spec>
LayerKind MakeLayerKind(std::string doc, std::string example, const Fields<Spec>& fields) {
  return MakeKind<LayerSpec>(std::move(doc), std::move(example), fields);
}

// The product of numbers of which some may be kUnknown; kUnknown then, and if it overflows.
int64_t Product(const std::vector<int64_t>& factors);

// INVALID_ARGUMENT unless there is exactly one input.
absl::Status RequireOneInput(const std::vector<Shape>& inputs);
// INVALID_ARGUMENT unless the extent of the last axis is known.
absl::Status RequireKnownChannels(const Shape& input);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_LAYER_SPEC_H_
