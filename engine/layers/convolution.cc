// convolution: cross-correlation with learned kernels over one, two or three axes.

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/layer_spec.h"
#include "engine/kurfile/window.h"
#if KUR_RUNTIME
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv3d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

Condition<std::vector<int64_t>> OneToThreeAxes() {
  return {"one to three numbers of at least 1", [](const std::vector<int64_t>& size) {
            return size.size() <= 3 && EachAtLeast(1).holds(size);
          }};
}

struct ConvolutionSpec : LayerSpec {
  int64_t kernels = 0;
  std::vector<int64_t> size;
  std::vector<int64_t> strides = {1};
  std::string border = "same";

  std::string kind() const override { return "convolution"; }

  absl::StatusOr<Window> MakeWindow() const {
    KUR_ASSIGN_OR_RETURN(auto all_strides, ExpandStrides(strides, size.size()));
    return Window{size, std::move(all_strides), border};
  }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    KUR_ASSIGN_OR_RETURN(const Window window, MakeWindow());
    return window.OutputShape(inputs[0], kernels);
  }

  std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const override {
    Shape kernel = {kernels, inputs[0].back()};
    kernel.insert(kernel.end(), size.begin(), size.end());
    return {{"weight", kernel}, {"bias", {kernels}}};
  }

  int64_t MultiplyAdds(const std::vector<Shape>& inputs) const override {
    const auto output = OutputShape(inputs);
    if (!output.ok()) return kUnknown;
    return Product({NumElements(*output), inputs[0].back(), NumElements(size)});
  }

  Kept KeptForBackward(const std::vector<Shape>&) const override { return {/*input=*/true}; }
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
                  "same: padded, valid: windows stay inside"));
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
      : window_(spec.MakeWindow().value()) {
    const auto infos = spec.Weights(inputs);
    int64_t receptive = 1;
    for (const int64_t extent : spec.size) receptive *= extent;
    at::Tensor weight = at::empty(infos[0].shape);
    FillGlorotUniform(weight, inputs[0].back() * receptive, spec.kernels * receptive, generator);
    if (weight.dim() == 4) weight = weight.contiguous(at::MemoryFormat::ChannelsLast);
    AddWeight("weight", weight);
    AddWeight("bias", at::zeros({spec.kernels}));
    if (window_.IsSymmetric()) {
      for (size_t axis = 0; axis < window_.size.size(); ++axis) {
        padding_.push_back(window_.PadBefore(axis));
      }
    } else {
      padding_.assign(window_.size.size(), 0);
      // ATen wants the last axis first.
      for (size_t axis = window_.size.size(); axis-- > 0;) {
        explicit_padding_.push_back(window_.PadBefore(axis));
        explicit_padding_.push_back(window_.PadAfter(axis));
      }
    }
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    const at::Tensor& weight = weights()[0].value;
    const at::Tensor& bias = weights()[1].value;
    const bool is_image = inputs[0].dim() == 4;
    at::Tensor x = is_image ? inputs[0] : inputs[0].movedim(-1, 1);
    if (!explicit_padding_.empty()) x = at::constant_pad_nd(x, explicit_padding_);
    switch (window_.size.size()) {
      case 1:
        x = at::conv1d(x, weight, bias, window_.strides, padding_);
        break;
      case 2:
        x = at::conv2d(x, weight, bias, window_.strides, padding_);
        break;
      default:
        x = at::conv3d(x, weight, bias, window_.strides, padding_);
        break;
    }
    return is_image ? x : x.movedim(1, -1);
  }

 private:
  Window window_;
  std::vector<int64_t> padding_;           // of the convolution itself
  std::vector<int64_t> explicit_padding_;  // before it, where the two sides differ
};

const Registration<LayerBuilder> kBuilder("convolution",
                                          MakeLayerBuilder<Convolution, ConvolutionSpec>());
#endif

}  // namespace
}  // namespace kur
