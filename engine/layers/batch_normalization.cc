// batch_normalization: y = gamma (x - mean) / sqrt(variance + epsilon) + beta for each channel.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "engine/layers/aten_guards.h"
#include "engine/layers/kernels/fused_batch_norm.h"
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
    const auto rank = static_cast<int64_t>(inputs[0].size());
    if (axis >= rank || axis < -rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no axis ", axis, " in an input ", ToString(inputs[0])));
    }
    if (Channels(inputs[0]) == kUnknown) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis ", axis, ", which is normalized, must have a known extent; the input ",
                       "is ", ToString(inputs[0])));
    }
    return inputs[0];
  }

  int64_t Channels(const Shape& input) const {
    return axis < 0 ? input[input.size() - static_cast<size_t>(-axis)]
                    : input[static_cast<size_t>(axis)];
  }

  std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const override {
    const Shape channels = {Channels(inputs[0])};
    return {{"weight", channels},
            {"bias", channels},
            {"running_mean", channels, /*trainable=*/false},
            {"running_var", channels, /*trainable=*/false}};
  }

  bool OutputIsOverwritable() const override { return true; }
  bool CanApplyRelu() const override { return true; }

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    return {/*input=*/true};
  }
};

const Fields<BatchNormalizationSpec>& BatchNormalizationFields() {
  static const auto* const kFields = new Fields<BatchNormalizationSpec>(
      Fields<BatchNormalizationSpec>()
          .Optional("axis", &BatchNormalizationSpec::axis,
                    "the axis of the channels, from 0; negative: counted from behind")
          .Optional("momentum", &BatchNormalizationSpec::momentum,
                    "share of the old running statistics that stays after a batch", InRange(0, 1))
          .Optional("epsilon", &BatchNormalizationSpec::epsilon, "added to the variance",
                    Positive()));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "batch_normalization",
    MakeLayerKind("Normalizes each channel over the batch, and by running statistics when not "
                  "training (Ioffe and Szegedy, 2015).",
                  "batch_normalization:", BatchNormalizationFields()));

#if KUR_RUNTIME
class BatchNormalization : public Layer {
 public:
  BatchNormalization(const BatchNormalizationSpec& spec, const std::vector<Shape>& inputs,
                     const at::Generator&)
      : momentum_(spec.momentum), epsilon_(spec.epsilon) {
    const auto rank = static_cast<int64_t>(inputs[0].size());
    axis_ = spec.axis < 0 ? spec.axis + rank : spec.axis;
    is_last_ = axis_ == rank - 1;
    // The channels of these tensors and of images are the second axis already.
    in_place_ = is_last_ && (rank == 1 || rank == 3);
    const int64_t channels = spec.Channels(inputs[0]);
    AddWeight("weight", at::ones({channels}));
    AddWeight("bias", at::zeros({channels}));
    AddWeight("running_mean", at::zeros({channels}), /*trainable=*/false);
    AddWeight("running_var", at::ones({channels}), /*trainable=*/false);
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs,
                     const ForwardContext& context) override {
    // An empty batch has no mean, and would turn the running statistics into NaN.
    if (inputs[0].numel() == 0) return inputs[0];
    if (is_last_ && CanFuseBatchNorm(inputs[0]) &&
        (context.training || !c10::GradMode::is_enabled())) {
      return Fused(inputs[0], context);
    }
    const at::Tensor x = in_place_ ? inputs[0] : ToKurfileLayout(inputs[0]).movedim(axis_ + 1, 1);
    at::Tensor y = BatchNorm(x, weights()[0].value, weights()[1].value, weights()[2].value,
                             weights()[3].value, context.training, momentum_, epsilon_);
    if (context.then_relu) y.relu_();
    return in_place_ ? y : FromKurfileLayout(y.movedim(1, axis_ + 1));
  }

 private:
  at::Tensor Fused(const at::Tensor& x, const ForwardContext& context) {
    const BatchNormOptions options = {momentum_, epsilon_, context.then_relu};
    const auto run = context.training ? FusedBatchNorm : BatchNormInference;
    return run(x, weights()[0].value, weights()[1].value, weights()[2].value, weights()[3].value,
               options);
  }

  double momentum_;
  double epsilon_;
  int64_t axis_ = 0;  // of a sample: without the batch axis
  bool is_last_ = false;
  bool in_place_ = false;
};

const Registration<LayerBuilder> kBuilder(
    "batch_normalization", MakeLayerBuilder<BatchNormalization, BatchNormalizationSpec>());
#endif

}  // namespace
}  // namespace kur
