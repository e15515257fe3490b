// upsample: lengthens every axis but the last by integer factors.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#include "engine/kurfile/specs/window.h"
#if KUR_RUNTIME
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_linear1d.h>
#include <ATen/ops/upsample_nearest1d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/upsample_nearest3d.h>
#include <ATen/ops/upsample_trilinear3d.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct UpsampleSpec : LayerSpec {
  std::vector<int64_t> size;
  std::string type = "nearest";

  std::string kind() const override { return "upsample"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    KUR_RETURN_IF_ERROR(RequireWindowAxes(inputs[0], size.size()));
    Shape output;
    for (size_t i = 0; i < size.size(); ++i) output.push_back(Product({inputs[0][i], size[i]}));
    output.push_back(inputs[0].back());
    return output;
  }
};

const Fields<UpsampleSpec>& UpsampleFields() {
  static const auto* const kFields = new Fields<UpsampleSpec>(
      Fields<UpsampleSpec>()
          .Required("size", &UpsampleSpec::size, "factor of each axis", OneToThreeAxes())
          .Example("[2, 2]")
          .Choice("type", &UpsampleSpec::type, {"nearest", "linear"},
                  "nearest: elements are repeated; linear: and what is between is interpolated")
          .Shorthand("size"));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "upsample", MakeLayerKind("Makes every axis but the last longer by whole factors.",
                              "upsample: [2, 2]", UpsampleFields()));

#if KUR_RUNTIME
class Upsample : public Layer {
 public:
  Upsample(const UpsampleSpec& spec, const std::vector<Shape>&, const at::Generator&)
      : size_(spec.size), is_linear_(spec.type == "linear") {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    const bool is_image = inputs[0].dim() == 4;
    const at::Tensor x = is_image ? inputs[0] : inputs[0].movedim(-1, 1);
    std::vector<int64_t> extents;
    for (size_t i = 0; i < size_.size(); ++i) {
      extents.push_back(x.size(static_cast<int64_t>(i) + 2) * size_[i]);
    }
    const at::Tensor y = is_linear_ ? Linear(x, extents) : Nearest(x, extents);
    return is_image ? y : y.movedim(1, -1);
  }

 private:
  static at::Tensor Nearest(const at::Tensor& x, const std::vector<int64_t>& extents) {
    switch (extents.size()) {
      case 1:
        return at::upsample_nearest1d(x, extents);
      case 2:
        return at::upsample_nearest2d(x, extents);
      default:
        return at::upsample_nearest3d(x, extents);
    }
  }

  // Interpolates between the centers of elements.
  static at::Tensor Linear(const at::Tensor& x, const std::vector<int64_t>& extents) {
    constexpr bool kAlignCorners = false;
    switch (extents.size()) {
      case 1:
        return at::upsample_linear1d(x, extents, kAlignCorners);
      case 2:
        return at::upsample_bilinear2d(x, extents, kAlignCorners);
      default:
        return at::upsample_trilinear3d(x, extents, kAlignCorners);
    }
  }

  std::vector<int64_t> size_;
  bool is_linear_;
};

const Registration<LayerBuilder> kBuilder("upsample", MakeLayerBuilder<Upsample, UpsampleSpec>());
#endif

}  // namespace
}  // namespace kur
