// convolution: cross-correlation with learned kernels over one, two or three axes.
// With `highway` (Srivastava, Greff and Schmidhuber, "Highway Networks", 2015):
//   y = t relu(conv(x)) + (1 - t) x,  t = sigmoid(gate(x))

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#include "engine/kurfile/specs/window.h"
#if KUR_RUNTIME
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv3d.h>
#include <ATen/ops/zeros.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct ConvolutionSpec : LayerSpec {
  int64_t kernels = 0;
  std::vector<int64_t> size;
  std::vector<int64_t> strides = {1};
  std::string border = "same";
  bool separable = false;
  bool highway = false;
  double bias = -1;

  std::string kind() const override { return "convolution"; }

  absl::StatusOr<Window> MakeWindow() const {
    KUR_ASSIGN_OR_RETURN(auto all_strides, ExpandStrides(strides, size.size()));
    return Window{size, std::move(all_strides), border};
  }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    KUR_ASSIGN_OR_RETURN(const Window window, MakeWindow());
    const int64_t channels = inputs[0].back();
    KUR_ASSIGN_OR_RETURN(const Shape output, window.OutputShape(inputs[0], kernels));
    if (separable && channels != kUnknown && kernels % channels != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("'separable' gives every channel kernels of its own: their number, ",
                       kernels, ", must be a multiple of the ", channels, " channels"));
    }
    if (highway && output != inputs[0]) {
      return absl::InvalidArgumentError(
          absl::StrCat("'highway' adds the input to the output, which must have its shape, ",
                       ToString(inputs[0]), ", not ", ToString(output)));
    }
    return output;
  }

  // Returns the number of groups of channels with kernels of their own.
  int64_t Groups(const Shape& input) const { return separable ? input.back() : 1; }

  std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const override {
    Shape kernel = {kernels, separable ? 1 : inputs[0].back()};
    kernel.insert(kernel.end(), size.begin(), size.end());
    std::vector<WeightInfo> weights = {{"weight", kernel}, {"bias", {kernels}}};
    if (highway) {
      weights.push_back({"gate.weight", kernel});
      weights.push_back({"gate.bias", {kernels}, /*trainable=*/false});
    }
    return weights;
  }

  int64_t MultiplyAdds(const std::vector<Shape>& inputs) const override {
    const auto output = OutputShape(inputs);
    if (!output.ok()) return kUnknown;
    return Product({highway ? 2 : 1, NumElements(*output), separable ? 1 : inputs[0].back(),
                    NumElements(size)});
  }

  bool OutputIsOverwritable() const override { return true; }

  SavedForBackward SavedTensors(const std::vector<Shape>& inputs) const override {
    // Of a highway, the two operands of the gate.
    const int64_t more = highway ? Product({2, NumElements(inputs[0]), int64_t{sizeof(float)}}) : 0;
    return {/*input=*/true, /*output=*/false, /*is_view=*/false, more};
  }
};

const Fields<ConvolutionSpec>& ConvolutionFields() {
  static const auto* const kFields = new Fields<ConvolutionSpec>(
      Fields<ConvolutionSpec>()
          .Required("kernels", &ConvolutionSpec::kernels, "number of kernels", AtLeast(1))
          .Example("64")
          .Required("size", &ConvolutionSpec::size, "extent of a kernel on each axis",
                    OneToThreeAxes())
          .Example("[3, 3]")
          .Optional("strides", &ConvolutionSpec::strides, "steps between windows", EachAtLeast(1))
          .Choice("border", &ConvolutionSpec::border, {"same", "valid"},
                  "same: padded, valid: windows stay inside")
          .Optional("separable", &ConvolutionSpec::separable,
                    "every channel has kernels of its own (a depthwise convolution)")
          .Optional("highway", &ConvolutionSpec::highway,
                    "a learned gate chooses between relu of the output and the input")
          .Optional("bias", &ConvolutionSpec::bias,
                    "highway: the bias of the gate, which is not trained"));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "convolution",
    MakeLayerKind("Slides learned kernels over one, two or three axes; the last axis is the "
                  "channels.",
                  "convolution: {kernels: 64, size: [3, 3]}", ConvolutionFields()));

#if KUR_RUNTIME
class Convolution : public Layer {
 public:
  Convolution(const ConvolutionSpec& spec, const std::vector<Shape>& inputs,
              const at::Generator& generator)
      : window_(spec.MakeWindow().value()),
        groups_(spec.Groups(inputs[0])),
        highway_(spec.highway) {
    int64_t receptive = 1;
    for (const int64_t extent : spec.size) receptive *= extent;
    for (const WeightInfo& info : spec.Weights(inputs)) {
      at::Tensor value = at::zeros(info.shape);
      if (info.name == "gate.bias") value.fill_(spec.bias);
      if (info.shape.size() > 1) {
        FillGlorotUniform(value, info.shape[1] * receptive, spec.kernels / groups_ * receptive,
                          generator);
      }
      if (value.dim() == 4) value = value.contiguous(at::MemoryFormat::ChannelsLast);
      AddWeight(info.name, value, info.trainable);
    }
    if (window_.IsSymmetric()) {
      for (size_t axis = 0; axis < window_.size.size(); ++axis) {
        padding_.push_back(window_.PadBefore(axis));
      }
    } else {
      padding_.assign(window_.size.size(), 0);
      // ATen's order is the last axis first.
      for (size_t axis = window_.size.size(); axis-- > 0;) {
        explicit_padding_.push_back(window_.PadBefore(axis));
        explicit_padding_.push_back(window_.PadAfter(axis));
      }
    }
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    const bool is_image = inputs[0].dim() == 4;
    const at::Tensor x = is_image ? inputs[0] : inputs[0].movedim(-1, 1);
    at::Tensor y = Convolve(x, 0);
    if (highway_) y = Highway(x, y, Convolve(x, 2));
    return is_image ? y : y.movedim(1, -1);
  }

 private:
  // Applies the weight and the bias at index `first`.
  at::Tensor Convolve(const at::Tensor& x, size_t first) {
    const at::Tensor& weight = weights()[first].value;
    const at::Tensor& bias = weights()[first + 1].value;
    const at::Tensor padded =
        explicit_padding_.empty() ? x : at::constant_pad_nd(x, explicit_padding_);
    const std::vector<int64_t> dilation(window_.size.size(), 1);
    switch (window_.size.size()) {
      case 1:
        return at::conv1d(padded, weight, bias, window_.strides, padding_, dilation, groups_);
      case 2:
        return at::conv2d(padded, weight, bias, window_.strides, padding_, dilation, groups_);
      default:
        return at::conv3d(padded, weight, bias, window_.strides, padding_, dilation, groups_);
    }
  }

  Window window_;
  int64_t groups_;
  bool highway_;
  std::vector<int64_t> padding_;           // by the convolution itself
  std::vector<int64_t> explicit_padding_;  // before the convolution, if the two sides differ
};

const Registration<LayerBuilder> kBuilder("convolution",
                                          MakeLayerBuilder<Convolution, ConvolutionSpec>());
#endif

}  // namespace
}  // namespace kur
