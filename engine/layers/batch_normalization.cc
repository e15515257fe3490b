// batch_normalization: y = gamma (x - mean) / sqrt(variance + epsilon) + beta for each channel.

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct BatchNormalizationSpec : LayerSpec {
  int64_t axis = -1;
  double momentum = 0.9;
  double epsilon = 1e-5;

  std::string kind() const override { return "batch_normalization"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    if (inputs[0].back() == kUnknown) {
      return absl::InvalidArgumentError(
          "the last axis, which is normalised, must have a known extent; the input is " +
          ToString(inputs[0]));
    }
    return inputs[0];
  }

  std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const override {
    const Shape channels = {inputs[0].back()};
    return {{"weight", channels},
            {"bias", channels},
            {"running_mean", channels, /*trainable=*/false},
            {"running_var", channels, /*trainable=*/false}};
  }

  Kept KeptForBackward(const std::vector<Shape>&) const override { return {/*input=*/true}; }
};

const Fields<BatchNormalizationSpec>& BatchNormalizationFields() {
  static const auto* const kFields = new Fields<BatchNormalizationSpec>(
      Fields<BatchNormalizationSpec>()
          .Optional("axis", &BatchNormalizationSpec::axis, "the axis of the channels: the last, -1",
                    {"-1, the last axis", [](int64_t axis) { return axis == -1; }})
          .Optional("momentum", &BatchNormalizationSpec::momentum,
                    "share of the old running statistics that stays after a batch", InRange(0, 1))
          .Optional("epsilon", &BatchNormalizationSpec::epsilon, "added to the variance",
                    Positive()));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "batch_normalization",
    MakeLayerKind("Normalises each channel over the batch, and by running statistics when not "
                  "training (Ioffe and Szegedy, 2015).",
                  "batch_normalization:", BatchNormalizationFields()));

#if KUR_RUNTIME
class BatchNormalization : public Layer {
 public:
  BatchNormalization(const BatchNormalizationSpec& spec, const std::vector<Shape>& inputs,
                     const at::Generator&)
      : momentum_(spec.momentum), epsilon_(spec.epsilon) {
    const int64_t channels = inputs[0].back();
    AddWeight("weight", at::ones({channels}));
    AddWeight("bias", at::zeros({channels}));
    AddWeight("running_mean", at::zeros({channels}), /*trainable=*/false);
    AddWeight("running_var", at::ones({channels}), /*trainable=*/false);
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs,
                     const ForwardContext& context) override {
    const bool move = inputs[0].dim() != 2 && inputs[0].dim() != 4;
    const at::Tensor x = move ? inputs[0].movedim(-1, 1) : inputs[0];
    // ATen's momentum is the share of the new statistics.
    const at::Tensor y =
        at::batch_norm(x, weights()[0].value, weights()[1].value, weights()[2].value,
                       weights()[3].value, context.training, 1 - momentum_, epsilon_,
                       /*cudnn_enabled=*/true);
    return move ? y.movedim(1, -1) : y;
  }

 private:
  double momentum_;
  double epsilon_;
};

const Registration<LayerBuilder> kBuilder(
    "batch_normalization", MakeLayerBuilder<BatchNormalization, BatchNormalizationSpec>());
#endif

}  // namespace
}  // namespace kur
