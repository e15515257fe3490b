// dense: y = x W^T + b on the last axis.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct DenseSpec : LayerSpec {
  std::vector<int64_t> size;
  bool flatten = false;

  std::string kind() const override { return "dense"; }

  Shape Flattened(const Shape& input) const { return flatten ? Shape{NumElements(input)} : input; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    Shape shape = Flattened(inputs[0]);
    shape.back() = size.back();
    return shape;
  }

  std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const override {
    std::vector<WeightInfo> weights;
    int64_t width = Flattened(inputs[0]).back();
    for (size_t i = 0; i < size.size(); ++i) {
      const std::string prefix = Prefix(i);
      weights.push_back({prefix + "weight", {size[i], width}});
      weights.push_back({prefix + "bias", {size[i]}});
      width = size[i];
    }
    return weights;
  }

  int64_t MultiplyAdds(const std::vector<Shape>& inputs) const override {
    int64_t sum = 0;
    for (const WeightInfo& weight : Weights(inputs)) {
      if (weight.shape.size() != 2) continue;
      Shape positions = Flattened(inputs[0]);
      positions.back() = 1;
      const int64_t term = Product({NumElements(positions), NumElements(weight.shape)});
      if (term == kUnknown) return kUnknown;
      sum += term;
    }
    return sum;
  }

  Kept KeptForBackward(const std::vector<Shape>& inputs) const override {
    // Of a stack, what the later layers take as input too.
    Shape positions = Flattened(inputs[0]);
    positions.back() = 0;
    for (size_t i = 0; i + 1 < size.size(); ++i) positions.back() += size[i];
    return {/*input=*/true, /*output=*/false, /*is_view=*/false,
            Product({NumElements(positions), int64_t{sizeof(float)}})};
  }

  // Weights of a stack are told apart by their place in it.
  std::string Prefix(size_t i) const { return size.size() == 1 ? "" : absl::StrCat(i, "."); }
};

const Fields<DenseSpec>& DenseFields() {
  static const auto* const kFields = new Fields<DenseSpec>(
      Fields<DenseSpec>()
          .Required("size", &DenseSpec::size, "number of units; a list makes a stack of layers",
                    EachAtLeast(1))
          .Example("[64, 10]")
          .Optional("flatten", &DenseSpec::flatten, "flatten each sample first")
          .Shorthand("size"));
  return *kFields;
}

const Registration<LayerKind> kKind("dense", MakeLayerKind("A fully connected layer on the last "
                                                           "axis: y = x W^T + b.",
                                                           "dense: 128", DenseFields()));

#if KUR_RUNTIME
class Dense : public Layer {
 public:
  Dense(const DenseSpec& spec, const std::vector<Shape>& inputs, at::Generator generator)
      : flatten_(spec.flatten) {
    for (const WeightInfo& info : spec.Weights(inputs)) {
      at::Tensor value = at::zeros(info.shape);
      if (info.shape.size() == 2) {
        FillGlorotUniform(value, info.shape[1], info.shape[0], generator);
      }
      AddWeight(info.name, value);
    }
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    at::Tensor x = ToAuthorLayout(inputs[0]);
    if (flatten_) x = x.flatten(1);
    for (size_t i = 0; i < weights().size(); i += 2) {
      x = at::linear(x, weights()[i].value, weights()[i + 1].value);
    }
    return FromAuthorLayout(x);
  }

 private:
  bool flatten_;
};

const Registration<LayerBuilder> kBuilder("dense", MakeLayerBuilder<Dense, DenseSpec>());
#endif

}  // namespace
}  // namespace kur
