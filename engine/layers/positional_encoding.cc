// positional_encoding: adds an encoding of its position to each step of a sequence (Vaswani et al.,
// "Attention Is All You Need", 2017). For position t and feature i of n:
//   sin(t / 10000^(i / n)) for even i,  cos(t / 10000^((i - 1) / n)) for odd i
// or a learned vector for each position.

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/stack.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct PositionalEncodingSpec : LayerSpec {
  std::optional<int64_t> learned;

  std::string kind() const override { return "positional_encoding"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    if (inputs[0].size() != 2 || inputs[0][1] == kUnknown) {
      return absl::InvalidArgumentError(absl::StrCat(
          "takes sequences, (time, features), but the input is ", ToString(inputs[0])));
    }
    if (learned && inputs[0][0] > *learned) {
      return absl::InvalidArgumentError(
          absl::StrCat("learns ", *learned, " places, but the input has ", inputs[0][0]));
    }
    return inputs[0];
  }

  std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const override {
    if (!learned) return {};
    return {{"weight", {*learned, inputs[0][1]}}};
  }
};

const Fields<PositionalEncodingSpec>& PositionalEncodingFields() {
  static const auto* const kFields =
      new Fields<PositionalEncodingSpec>(Fields<PositionalEncodingSpec>()
                                             .Optional("learned", &PositionalEncodingSpec::learned,
                                                       "how many places have a learned vector; "
                                                       "default: none, but sines and cosines",
                                                       IfGiven(AtLeast(1)))
                                             .Example("512"));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "positional_encoding",
    MakeLayerKind("Adds to each step of a sequence what tells its place (Vaswani et al., 2017).",
                  "positional_encoding:", PositionalEncodingFields()));

#if KUR_RUNTIME
class PositionalEncoding : public Layer {
 public:
  PositionalEncoding(const PositionalEncodingSpec& spec, const std::vector<Shape>& inputs,
                     const at::Generator& generator) {
    if (!spec.learned) return;
    constexpr double kDeviation = 0.02;
    at::Tensor weight = at::empty({*spec.learned, inputs[0][1]});
    AddWeight("weight", weight.normal_(0, kDeviation, generator));
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    const at::Tensor& x = inputs[0];
    if (!weights().empty()) return x + weights()[0].value.narrow(0, 0, x.size(1));
    if (!encoding_.defined() || encoding_.size(0) != x.size(1) ||
        encoding_.options().device() != x.device() || encoding_.scalar_type() != x.scalar_type()) {
      encoding_ = Sines(x.size(1), x.size(2)).to(x.options());
    }
    return x + encoding_;
  }

 private:
  static at::Tensor Sines(int64_t time, int64_t features) {
    const auto options = at::TensorOptions(at::kDouble);
    const at::Tensor even = at::arange(0, features, 2, options);
    const at::Tensor angle = at::arange(time, options).unsqueeze(1) *
                             at::exp(even * (-std::log(10000.0) / static_cast<double>(features)));
    return at::stack({angle.sin(), angle.cos()}, -1).flatten(1).narrow(1, 0, features);
  }

  at::Tensor encoding_;  // (time, features), of the last sequence length
};

const Registration<LayerBuilder> kBuilder(
    "positional_encoding", MakeLayerBuilder<PositionalEncoding, PositionalEncodingSpec>());
#endif

}  // namespace
}  // namespace kur
