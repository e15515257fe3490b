// dense: y = x W^T + b on the last axis.
// With `highway` (Srivastava, Greff and Schmidhuber, "Highway Networks", 2015):
//   y = t relu(x W^T + b) + (1 - t) x,  t = sigmoid(x V^T + c)

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
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
  bool highway = false;
  std::optional<double> bias;

  std::string kind() const override { return "dense"; }

  Shape Flattened(const Shape& input) const { return flatten ? Shape{NumElements(input)} : input; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    Shape shape = Flattened(inputs[0]);
    const int64_t width = shape.back();
    for (const int64_t units : size) {
      if (!highway || width == units) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("'highway' adds the input to the output, which must have its width, ",
                       width == kUnknown ? "unknown" : absl::StrCat(width), ", not ", units));
    }
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
      if (highway) {
        weights.push_back({prefix + "gate.weight", {size[i], width}});
        weights.push_back({prefix + "gate.bias", {size[i]}, /*trainable=*/!bias.has_value()});
      }
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

  bool OutputIsOverwritable() const override { return true; }

  SavedForBackward SavedTensors(const std::vector<Shape>& inputs) const override {
    // Of a stack of layers, also the inputs of the later ones.
    Shape positions = Flattened(inputs[0]);
    positions.back() = 0;
    for (size_t i = 0; i < size.size(); ++i) {
      if (i + 1 < size.size()) positions.back() += size[i];
      // The two operands of the gate.
      if (highway) positions.back() += 2 * size[i];
    }
    return {/*input=*/true, /*output=*/false, /*is_view=*/false,
            Product({NumElements(positions), int64_t{sizeof(float)}})};
  }

  // Returns the prefix of the weights' names in layer i of a stack.
  std::string Prefix(size_t i) const { return size.size() == 1 ? "" : absl::StrCat(i, "."); }
};

const Fields<DenseSpec>& DenseFields() {
  static const auto* const kFields = new Fields<DenseSpec>(
      Fields<DenseSpec>()
          .Required("size", &DenseSpec::size, "number of units; a list makes a stack of layers",
                    EachAtLeast(1))
          .Example("[64, 10]")
          .Optional("flatten", &DenseSpec::flatten, "flatten each sample first")
          .Optional("highway", &DenseSpec::highway,
                    "a learned gate chooses between relu of the output and the input")
          .Optional("bias", &DenseSpec::bias,
                    "highway: a bias of the gate that is not trained; default: one that is")
          .Example("-1")
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
      : flatten_(spec.flatten), highway_(spec.highway) {
    for (const WeightInfo& info : spec.Weights(inputs)) {
      at::Tensor value = at::zeros(info.shape);
      if (info.shape.size() == 2) {
        FillGlorotUniform(value, info.shape[1], info.shape[0], generator);
      }
      if (absl::EndsWith(info.name, "gate.bias")) value.fill_(spec.bias.value_or(0));
      AddWeight(info.name, value, info.trainable);
    }
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    at::Tensor x = ToKurfileLayout(inputs[0]);
    if (flatten_) x = x.flatten(1);
    for (size_t i = 0; i < weights().size();) {
      const at::Tensor y = Apply(x, &i);
      x = highway_ ? Highway(x, y, Apply(x, &i)) : y;
    }
    return FromKurfileLayout(x);
  }

 private:
  // Applies the weight and the bias at index `*next`, and advances the index past both.
  at::Tensor Apply(const at::Tensor& x, size_t* next) {
    *next += 2;
    return at::linear(x, weights()[*next - 2].value, weights()[*next - 1].value);
  }

  bool flatten_;
  bool highway_;
};

const Registration<LayerBuilder> kBuilder("dense", MakeLayerBuilder<Dense, DenseSpec>());
#endif

}  // namespace
}  // namespace kur
