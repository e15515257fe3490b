// flatten: reshapes each sample to a vector.

#include <string>
#include <vector>

#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct FlattenSpec : LayerSpec {
  std::string kind() const override { return "flatten"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    return Shape{NumElements(inputs[0])};
  }

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    return {/*input=*/false, /*output=*/false, /*is_view=*/true};
  }
};

const Fields<FlattenSpec>& FlattenFields() {
  static const auto* const kFields = new Fields<FlattenSpec>();
  return *kFields;
}

const Registration<LayerKind> kKind("flatten",
                                    MakeLayerKind("Turns each sample into a vector, the last axis "
                                                  "running fastest.",
                                                  "flatten:", FlattenFields()));

#if KUR_RUNTIME
class Flatten : public Layer {
 public:
  Flatten(const FlattenSpec&, const std::vector<Shape>&, const at::Generator&) {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    return ToKurfileLayout(inputs[0]).flatten(1);
  }
};

const Registration<LayerBuilder> kBuilder("flatten", MakeLayerBuilder<Flatten, FlattenSpec>());
#endif

}  // namespace
}  // namespace kur
