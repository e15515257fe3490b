// pool: reduces each window to its maximum or average.

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#include "engine/kurfile/specs/window.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/avg_pool1d.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/avg_pool3d.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/max_pool1d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/max_pool3d.h>
#include <ATen/ops/ones.h>

#include "engine/layers/kernels/max_pool.h"
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct PoolSpec : LayerSpec {
  std::optional<std::vector<int64_t>> size;  // absent: the whole extent
  std::vector<int64_t> strides = {1};
  std::string type = "max";
  std::string border = "valid";

  std::string kind() const override { return "pool"; }

  absl::StatusOr<Window> MakeWindow() const {
    KUR_ASSIGN_OR_RETURN(auto all_strides, ExpandStrides(strides, size->size()));
    return Window{*size, std::move(all_strides), border};
  }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    if (!size) {
      if (strides != std::vector<int64_t>{1}) {
        return absl::InvalidArgumentError("'strides' need a 'size' of the windows");
      }
      if (inputs[0].size() > 1) return Shape{inputs[0].back()};
      return absl::InvalidArgumentError(absl::StrCat(
          "has no axis to pool over beside the channels: the input is ", ToString(inputs[0])));
    }
    KUR_ASSIGN_OR_RETURN(const Window window, MakeWindow());
    return window.OutputShape(inputs[0], inputs[0].back());
  }

  // The maximum over the whole extent searches its positions only in the backward pass, by
  // comparing with the output.
  bool OutputIsOverwritable() const override { return size.has_value() || type != "max"; }
  bool IsMaxPool() const override { return type == "max"; }

  SavedForBackward SavedTensors(const std::vector<Shape>& inputs) const override {
    // The positions of maxima are saved.
    const auto output = OutputShape(inputs);
    const int64_t positions = output.ok() ? NumElements(*output) : kUnknown;
    return {/*input=*/true, /*output=*/false, /*is_view=*/false,
            type == "max" ? Product({positions, int64_t{sizeof(int64_t)}}) : 0};
  }
};

const Fields<PoolSpec>& PoolFields() {
  static const auto* const kFields = new Fields<PoolSpec>(
      Fields<PoolSpec>()
          .Optional("size", &PoolSpec::size,
                    "extent of a window on each axis; left out: the whole extent of all axes, "
                    "which go away",
                    IfGiven(OneToThreeAxes()))
          .Example("[2, 2]")
          .Optional("strides", &PoolSpec::strides, "steps between windows", EachAtLeast(1))
          .Choice("type", &PoolSpec::type, {"max", "average"}, "what is kept of a window")
          .Choice("border", &PoolSpec::border, {"valid", "same"},
                  "same: padded, valid: windows stay inside")
          .Shorthand("size"));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "pool", MakeLayerKind("Keeps the maximum or the average of each window.",
                          "pool: {size: [2, 2], strides: 2, type: max}", PoolFields()));

#if KUR_RUNTIME
class Pool : public Layer {
 public:
  Pool(const PoolSpec& spec, const std::vector<Shape>&, const at::Generator&)
      : is_max_(spec.type == "max") {
    if (!spec.size) return;
    window_ = spec.MakeWindow().value();
    for (size_t axis = window_.size.size(); axis-- > 0;) {
      padding_.push_back(window_.PadBefore(axis));
      padding_.push_back(window_.PadAfter(axis));
    }
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    if (window_.size.empty()) {
      const at::Tensor positions = ToKurfileLayout(inputs[0]).flatten(1, -2);
      return is_max_ ? positions.amax(1) : positions.mean(1);
    }
    const bool is_image = inputs[0].dim() == 4;
    const at::Tensor x = is_image ? inputs[0] : inputs[0].movedim(-1, 1);
    const at::Tensor y =
        is_max_ ? Max(Padded(x, -std::numeric_limits<double>::infinity())) : Average(x);
    return is_image ? y : y.movedim(1, -1);
  }

 private:
  at::Tensor Padded(const at::Tensor& x, double value) const {
    return window_.border == "same" ? at::constant_pad_nd(x, padding_, value) : x;
  }

  at::Tensor Max(const at::Tensor& x) const {
    switch (window_.size.size()) {
      case 1:
        return at::max_pool1d(x, window_.size, window_.strides);
      case 2:
        return MaxOfImages(x);
      default:
        return at::max_pool3d(x, window_.size, window_.strides);
    }
  }

  at::Tensor MaxOfImages(const at::Tensor& x) const {
    const PoolWindows windows = {window_.size[0], window_.size[1], window_.strides[0],
                                 window_.strides[1]};
    return CanPoolImages(x, windows) ? MaxPoolImages(x, windows)
                                     : at::max_pool2d(x, window_.size, window_.strides);
  }

  at::Tensor AverageInside(const at::Tensor& x) const {
    switch (window_.size.size()) {
      case 1:
        return at::avg_pool1d(x, window_.size, window_.strides);
      case 2:
        return at::avg_pool2d(x, window_.size, window_.strides);
      default:
        return at::avg_pool3d(x, window_.size, window_.strides);
    }
  }

  // Averages each window over its elements without the padding.
  at::Tensor Average(const at::Tensor& x) const {
    at::Tensor averages = AverageInside(Padded(x, 0));
    if (window_.border != "same") return averages;
    auto one_sample = x.sizes().vec();
    one_sample[0] = one_sample[1] = 1;
    return averages / AverageInside(Padded(at::ones(one_sample, x.options()), 0));
  }

  Window window_;  // without a size: pools over the whole extent
  bool is_max_;
  std::vector<int64_t> padding_;  // in ATen's order: the last axis first
};

const Registration<LayerBuilder> kBuilder("pool", MakeLayerBuilder<Pool, PoolSpec>());
#endif

}  // namespace
}  // namespace kur
