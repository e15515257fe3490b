#ifndef KUR_ENGINE_KURFILE_LAYER_SPEC_H_
#define KUR_ENGINE_KURFILE_LAYER_SPEC_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/status.h"
#include "engine/kurfile/kind.h"
#include "engine/kurfile/shape.h"

namespace kur {

// A tensor that a layer owns.
struct WeightInfo {
  std::string name;  // "weight", "bias", "running_mean"
  Shape shape;
  bool trainable = true;  // false for running statistics
};

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

  // True for a softmax: a layer whose output is the normalised exponential of its input over the
  // last axis. A cross-entropy on such an output is computed from the input, in one stable step.
  virtual bool IsNormalized() const { return false; }

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

// INVALID_ARGUMENT unless there is exactly one input.
absl::Status RequireOneInput(const std::vector<Shape>& inputs);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_LAYER_SPEC_H_
