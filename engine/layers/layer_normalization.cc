// layer_normalization: y = gamma (x - mean) / sqrt(variance + epsilon) + beta over the last axis of
// each position (Ba, Kiros and Hinton, "Layer Normalization", 2016).

#include <string>
#include <vector>

#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "engine/layers/aten_guards.h"
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct LayerNormalizationSpec : LayerSpec {
  double epsilon = 1e-5;

  std::string kind() const override { return "layer_normalization"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    KUR_RETURN_IF_ERROR(RequireKnownChannels(inputs[0]));
    return inputs[0];
  }

  std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const override {
    return {{"weight", {inputs[0].back()}}, {"bias", {inputs[0].back()}}};
  }

  // The centered input.
  SavedForBackward SavedTensors(const std::vector<Shape>& inputs) const override {
    return {/*input=*/false, /*output=*/false, /*is_view=*/false,
            Product({NumElements(inputs[0]), int64_t{sizeof(float)}})};
  }
};

const Fields<LayerNormalizationSpec>& LayerNormalizationFields() {
  static const auto* const kFields =
      new Fields<LayerNormalizationSpec>(Fields<LayerNormalizationSpec>().Optional(
          "epsilon", &LayerNormalizationSpec::epsilon, "added to the variance", Positive()));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "layer_normalization",
    MakeLayerKind("Normalizes the last axis of each position (Ba, Kiros and Hinton, 2016).",
                  "layer_normalization:", LayerNormalizationFields()));

#if KUR_RUNTIME
class LayerNormalization : public Layer {
 public:
  LayerNormalization(const LayerNormalizationSpec& spec, const std::vector<Shape>& inputs,
                     const at::Generator&)
      : epsilon_(spec.epsilon) {
    AddWeight("weight", at::ones({inputs[0].back()}));
    AddWeight("bias", at::zeros({inputs[0].back()}));
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    return FromKurfileLayout(
        LayerNorm(ToKurfileLayout(inputs[0]), weights()[0].value, weights()[1].value, epsilon_));
  }

 private:
  double epsilon_;
};

const Registration<LayerBuilder> kBuilder(
    "layer_normalization", MakeLayerBuilder<LayerNormalization, LayerNormalizationSpec>());
#endif

}  // namespace
}  // namespace kur
