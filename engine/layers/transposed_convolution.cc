// transposed_convolution: the gradient of a convolution with respect to its input, as a layer.
// Lengthens axes by their strides (Zeiler et al., "Deconvolutional Networks", 2010).

#include <algorithm>
#include <string>
#include <vector>

#include "engine/kurfile/specs/layer_spec.h"
#include "engine/kurfile/specs/window.h"
#if KUR_RUNTIME
#include <ATen/ops/conv_transpose1d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/conv_transpose3d.h>
#include <ATen/ops/zeros.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct TransposedConvolutionSpec : LayerSpec {
  int64_t kernels = 0;
  std::vector<int64_t> size;
  std::vector<int64_t> strides = {1};
  std::string border = "same";

  std::string kind() const override { return "transposed_convolution"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    KUR_RETURN_IF_ERROR(RequireWindowAxes(inputs[0], size.size()));
    KUR_RETURN_IF_ERROR(RequireKnownChannels(inputs[0]));
    KUR_ASSIGN_OR_RETURN(const auto steps, ExpandStrides(strides, size.size()));
    Shape output;
    for (size_t i = 0; i < size.size(); ++i) {
      int64_t extent = Product({inputs[0][i], steps[i]});
      if (border == "valid" && extent != kUnknown) extent += size[i] - steps[i];
      output.push_back(extent);
    }
    output.push_back(kernels);
    return output;
  }

  std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const override {
    Shape kernel = {inputs[0].back(), kernels};
    kernel.insert(kernel.end(), size.begin(), size.end());
    return {{"weight", kernel}, {"bias", {kernels}}};
  }

  int64_t MultiplyAdds(const std::vector<Shape>& inputs) const override {
    return Product({NumElements(inputs[0]), kernels, NumElements(size)});
  }

  bool OutputIsOverwritable() const override { return true; }

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    return {/*input=*/true};
  }
};

const Fields<TransposedConvolutionSpec>& TransposedConvolutionFields() {
  static const auto* const kFields = new Fields<TransposedConvolutionSpec>(
      Fields<TransposedConvolutionSpec>()
          .Required("kernels", &TransposedConvolutionSpec::kernels, "number of kernels", AtLeast(1))
          .Example("32")
          .Required("size", &TransposedConvolutionSpec::size, "extent of a kernel on each axis",
                    OneToThreeAxes())
          .Example("[3, 3]")
          .Optional("strides", &TransposedConvolutionSpec::strides,
                    "factor by which an axis becomes longer", EachAtLeast(1))
          .Choice("border", &TransposedConvolutionSpec::border, {"same", "valid"},
                  "same: an axis becomes strides times as long; valid: nothing is cut off"));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "transposed_convolution",
    MakeLayerKind("Spreads each position by learned kernels and makes axes longer: a convolution "
                  "turned round.",
                  "transposed_convolution: {kernels: 32, size: [4, 4], strides: 2}",
                  TransposedConvolutionFields()));

#if KUR_RUNTIME
class TransposedConvolution : public Layer {
 public:
  TransposedConvolution(const TransposedConvolutionSpec& spec, const std::vector<Shape>& inputs,
                        const at::Generator& generator)
      : strides_(ExpandStrides(spec.strides, spec.size.size()).value()) {
    int64_t receptive = 1;
    for (size_t i = 0; i < spec.size.size(); ++i) {
      receptive *= spec.size[i];
      // Elements of the full output beyond strides * input, or missing from it, for the border
      // "same".
      const int64_t excess = spec.border == "same" ? spec.size[i] - strides_[i] : 0;
      cut_before_.push_back(std::max<int64_t>(excess, 0) / 2);
      cut_after_.push_back(std::max<int64_t>(excess, 0) - cut_before_.back());
      added_.push_back(std::max<int64_t>(-excess, 0));
    }
    const auto infos = spec.Weights(inputs);
    at::Tensor weight = at::zeros(infos[0].shape);
    FillGlorotUniform(weight, inputs[0].back() * receptive, spec.kernels * receptive, generator);
    if (weight.dim() == 4) weight = weight.contiguous(at::MemoryFormat::ChannelsLast);
    AddWeight("weight", weight);
    AddWeight("bias", at::zeros({spec.kernels}));
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    const bool is_image = inputs[0].dim() == 4;
    at::Tensor y = Convolve(is_image ? inputs[0] : inputs[0].movedim(-1, 1));
    // ATen cuts both sides alike; cuts one more element at the end if the sides differ.
    for (size_t i = 0; i < strides_.size(); ++i) {
      const auto axis = static_cast<int64_t>(i) + 2;
      const int64_t more = cut_after_[i] - cut_before_[i];
      if (more > 0) y = y.narrow(axis, 0, y.size(axis) - more);
    }
    return is_image ? y : y.movedim(1, -1);
  }

 private:
  at::Tensor Convolve(const at::Tensor& x) {
    const at::Tensor& weight = weights()[0].value;
    const at::Tensor& bias = weights()[1].value;
    switch (strides_.size()) {
      case 1:
        return at::conv_transpose1d(x, weight, bias, strides_, cut_before_, added_);
      case 2:
        return at::conv_transpose2d(x, weight, bias, strides_, cut_before_, added_);
      default:
        return at::conv_transpose3d(x, weight, bias, strides_, cut_before_, added_);
    }
  }

  std::vector<int64_t> strides_;
  std::vector<int64_t> cut_before_;
  std::vector<int64_t> cut_after_;
  std::vector<int64_t> added_;
};

const Registration<LayerBuilder> kBuilder(
    "transposed_convolution", MakeLayerBuilder<TransposedConvolution, TransposedConvolutionSpec>());
#endif

}  // namespace
}  // namespace kur
