// dropout: sets a random fraction of the values to zero while training.

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/ones.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct DropoutSpec : LayerSpec {
  double fraction = 0;
  bool independent = true;

  std::string kind() const override { return "dropout"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    return inputs[0];
  }

  SavedForBackward SavedTensors(const std::vector<Shape>& inputs) const override {
    // The mask of values that are not dropped.
    const int64_t mask = independent ? NumElements(inputs[0]) : inputs[0].back();
    return {/*input=*/false, /*output=*/false, /*is_view=*/fraction == 0,
            fraction == 0 ? 0 : Product({mask, int64_t{sizeof(float)}})};
  }
};

const Fields<DropoutSpec>& DropoutFields() {
  static const auto* const kFields = new Fields<DropoutSpec>(
      Fields<DropoutSpec>()
          .Required("fraction", &DropoutSpec::fraction, "share of the values that become 0",
                    InRange(0, 1))
          .Example("0.5")
          .Optional("independent", &DropoutSpec::independent,
                    "no: whole channels (the last axis) are dropped together")
          .Shorthand("fraction"));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "dropout", MakeLayerKind("Sets a random share of the values to 0 while training and scales the "
                             "others up (Srivastava et al., 2014).",
                             "dropout: 0.5", DropoutFields()));

#if KUR_RUNTIME
class Dropout : public Layer {
 public:
  Dropout(const DropoutSpec& spec, const std::vector<Shape>&, const at::Generator&)
      : fraction_(spec.fraction), independent_(spec.independent) {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs,
                     const ForwardContext& context) override {
    if (!context.training || fraction_ == 0) return inputs[0];
    if (independent_) return at::dropout(inputs[0], fraction_, /*train=*/true);
    const at::Tensor x = ToKurfileLayout(inputs[0]);
    std::vector<int64_t> mask_shape(static_cast<size_t>(x.dim()), 1);
    mask_shape.front() = x.size(0);
    mask_shape.back() = x.size(-1);
    const at::Tensor mask =
        at::dropout(at::ones(mask_shape, x.options()), fraction_, /*train=*/true);
    return FromKurfileLayout(x * mask);
  }

 private:
  double fraction_;
  bool independent_;
};

const Registration<LayerBuilder> kBuilder("dropout", MakeLayerBuilder<Dropout, DropoutSpec>());
#endif

}  // namespace
}  // namespace kur
