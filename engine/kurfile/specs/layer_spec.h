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

// The tensors that stay in memory between the forward and the backward pass of a layer.
struct SavedForBackward {
  bool input = false;      // the inputs of the layer
  bool output = false;     // the output of the layer
  bool is_view = false;    // the output has no memory of its own: it is a view of the input
  int64_t more_bytes = 0;  // in addition, for one sample; kUnknown while an axis is unknown
};

// The kind of probabilities in the output of a layer: a softmax over the last axis, or a sigmoid of
// each value.
enum class Probabilities { kNone, kSoftmax, kSigmoid };

// One parsed layer: knows shapes and sizes, but holds no tensor. Immutable once parsed,
// thread-safe.
class LayerSpec {
 public:
  virtual ~LayerSpec() = default;

  // Returns the name of the kind: "dense".
  virtual std::string kind() const = 0;

  // Returns the shape of the output for the shapes of the inputs (at least one, except for
  // `input`). INVALID_ARGUMENT, in words for the author of the Kurfile, if they do not fit.
  virtual absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const = 0;

  // Returns the tensors of the layer for inputs that OutputShape() accepts. An unknown extent in
  // the shape of a weight means that the extent is not known yet.
  virtual std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const {
    static_cast<void>(inputs);
    return {};
  }

  // Returns the kind of probabilities in the output. The cross-entropy of such an output is
  // computed from the layer's input, in one numerically stable step.
  virtual Probabilities probabilities() const { return Probabilities::kNone; }

  // Returns whether the layer is an `input`, which has no inputs of its own: its data come from
  // outside.
  virtual bool IsInput() const { return false; }

  // Returns whether the layer is an output of the model even if other layers use it.
  virtual bool IsOutput() const { return false; }

  // Returns whether the output of the layer is its input.
  virtual bool IsIdentity() const { return false; }

  // Returns whether the next layer may overwrite the output if no other layer uses it: the output
  // is new memory that the layer's backward pass does not read.
  virtual bool OutputIsOverwritable() const { return false; }

  // Returns whether max pooling before or after the layer gives the same result: the layer is a
  // non-decreasing function of each value, whose derivative is 0 where different values give the
  // same result.
  virtual bool CommutesWithMaxPool() const { return false; }

  // Returns whether the layer is max(x, 0) of each value.
  virtual bool IsRelu() const { return false; }

  // Returns whether the layer can apply a following ReLU within its own computation.
  virtual bool CanApplyRelu() const { return false; }

  // Returns whether the layer only takes maxima.
  virtual bool IsMaxPool() const { return false; }

  // Returns how many indices there are if the input holds such, which are 0, 1, … up to that; 0: it
  // holds numbers of any kind.
  virtual int64_t NumIndices() const { return 0; }

  // Returns the name that the arguments give the layer, as in `input: images`, or "".
  virtual std::string NameFromArguments() const { return ""; }

  // Returns the name of the layer or container that a `reuse` applies again; "" for all other
  // layers.
  virtual std::string ReuseTarget() const { return ""; }

  // Returns the multiplications, each with an addition, of a forward pass for one sample, for
  // inputs that OutputShape() accepts. Counts matrix products and convolutions, but no elementwise
  // operations. kUnknown while an axis is unknown.
  virtual int64_t MultiplyAdds(const std::vector<Shape>& inputs) const {
    static_cast<void>(inputs);
    return 0;
  }

  // Returns what the backward pass needs of the forward pass, for inputs that OutputShape()
  // accepts.
  virtual SavedForBackward SavedTensors(const std::vector<Shape>& inputs) const {
    static_cast<void>(inputs);
    return {/*input=*/false, /*output=*/true};
  }

  // The place in the Kurfile, for messages.
  Location location;
  std::string key;
};

using LayerKind = Kind<LayerSpec>;

// Makes the kind of a spec struct with a table of fields, which must never be destroyed.
template <class Spec>
LayerKind MakeLayerKind(std::string doc, std::string example, const Fields<Spec>& fields) {
  return MakeKind<LayerSpec>(std::move(doc), std::move(example), fields);
}

// Returns the product; kUnknown if a factor is kUnknown or the product overflows.
int64_t Product(const std::vector<int64_t>& factors);

// Returns INVALID_ARGUMENT unless there is exactly one input.
absl::Status RequireOneInput(const std::vector<Shape>& inputs);
// Returns INVALID_ARGUMENT unless the extent of the last axis is known.
absl::Status RequireKnownChannels(const Shape& input);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_LAYER_SPEC_H_
