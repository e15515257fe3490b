#ifndef KUR_ENGINE_KURFILE_LAYER_SPEC_H_
#define KUR_ENGINE_KURFILE_LAYER_SPEC_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/registry.h"
#include "engine/kurfile/fields.h"
#include "engine/kurfile/shape.h"

namespace kur {

// A tensor that a layer owns.
struct WeightInfo {
  std::string name;  // "weight", "bias", "running_mean"
  Shape shape;
  bool trainable = true;  // false for running statistics
};

// What a Kurfile says of one layer: parsed, immutable, thread-safe. Knows shapes and sizes, holds no
// tensor.
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
};

// One kind of layer as the language knows it.
struct LayerKind {
  std::string doc;      // one line
  std::string example;  // as in a Kurfile
  std::vector<FieldInfo> fields;
  // Null if anything was reported.
  std::function<std::shared_ptr<const LayerSpec>(const Value&, const std::string& key,
                                                 Diagnostics*)>
      parse;
};

// The kind of a spec struct with a table of fields.
template <class Spec>
LayerKind MakeLayerKind(std::string doc, std::string example, const Fields<Spec>& fields) {
  LayerKind kind;
  kind.doc = std::move(doc);
  kind.example = std::move(example);
  kind.fields = fields.Describe();
  kind.parse = [&fields](const Value& value, const std::string& key,
                         Diagnostics* diagnostics) -> std::shared_ptr<const LayerSpec> {
    auto spec = std::make_shared<Spec>();
    if (!fields.Parse(value, key, diagnostics, spec.get())) return nullptr;
    return spec;
  };
  return kind;
}

// INVALID_ARGUMENT unless there is exactly one input.
absl::Status RequireOneInput(const std::vector<Shape>& inputs);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_LAYER_SPEC_H_
