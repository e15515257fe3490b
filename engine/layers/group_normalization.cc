// group_normalization: y = gamma (x - mean) / sqrt(variance + epsilon) + beta over all positions
// and a group of channels of each sample (Wu and He, "Group Normalization", 2018).

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "engine/layers/aten_guards.h"
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct GroupNormalizationSpec : LayerSpec {
  int64_t groups = 32;
  double epsilon = 1e-5;

  std::string kind() const override { return "group_normalization"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    KUR_RETURN_IF_ERROR(RequireKnownChannels(inputs[0]));
    if (inputs[0].back() % groups == 0) return inputs[0];
    return absl::InvalidArgumentError(absl::StrCat(
        "the ", inputs[0].back(), " channels cannot be put into ", groups, " groups of one size"));
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

const Fields<GroupNormalizationSpec>& GroupNormalizationFields() {
  static const auto* const kFields =
      new Fields<GroupNormalizationSpec>(Fields<GroupNormalizationSpec>()
                                             .Optional("groups", &GroupNormalizationSpec::groups,
                                                       "number of groups of channels", AtLeast(1))
                                             .Optional("epsilon", &GroupNormalizationSpec::epsilon,
                                                       "added to the variance", Positive())
                                             .Shorthand("groups"));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "group_normalization",
    MakeLayerKind("Normalizes groups of channels of each sample (Wu and He, 2018).",
                  "group_normalization: 8", GroupNormalizationFields()));

#if KUR_RUNTIME
class GroupNormalization : public Layer {
 public:
  GroupNormalization(const GroupNormalizationSpec& spec, const std::vector<Shape>& inputs,
                     const at::Generator&)
      : groups_(spec.groups), epsilon_(spec.epsilon) {
    AddWeight("weight", at::ones({inputs[0].back()}));
    AddWeight("bias", at::zeros({inputs[0].back()}));
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    const bool move = inputs[0].dim() != 2 && inputs[0].dim() != 4;
    const at::Tensor x = move ? inputs[0].movedim(-1, 1) : inputs[0];
    const at::Tensor y = GroupNorm(x, groups_, weights()[0].value, weights()[1].value, epsilon_);
    return move ? y.movedim(1, -1) : y;
  }

 private:
  int64_t groups_;
  double epsilon_;
};

const Registration<LayerBuilder> kBuilder(
    "group_normalization", MakeLayerBuilder<GroupNormalization, GroupNormalizationSpec>());
#endif

}  // namespace
}  // namespace kur
