// attention: multi-head scaled dot-product attention (Vaswani et al., "Attention Is All You Need",
// 2017). For each head, with d = size / heads:
//   softmax(Q K^T / sqrt(d)) V,  Q = x W_q + b_q,  K = y W_k + b_k,  V = y W_v + b_v
// followed by a dense layer over the concatenated heads. y is x, or a second input.

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include "engine/layers/kernels/fused_attention.h"
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct AttentionSpec : LayerSpec {
  int64_t heads = 1;
  std::optional<int64_t> size;
  bool causal = false;

  std::string kind() const override { return "attention"; }

  // Returns the features of all heads together, which are also those of the output.
  int64_t Width(const Shape& query) const { return size.value_or(query.back()); }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    if (inputs.empty() || inputs.size() > 2) {
      return absl::InvalidArgumentError(absl::StrCat(
          "takes one input, or two: what asks and what is looked at; it has ", inputs.size()));
    }
    for (const Shape& input : inputs) {
      if (input.size() == 2 && input[1] != kUnknown) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("takes sequences, (time, features), but an input is ", ToString(input)));
    }
    const int64_t width = Width(inputs[0]);
    if (width % heads != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the size, ", width, ", must be a multiple of the ", heads, " heads"));
    }
    if (causal && inputs.size() > 1) {
      return absl::InvalidArgumentError("'causal' is for one input, which looks at itself");
    }
    return Shape{inputs[0][0], width};
  }

  std::vector<WeightInfo> Weights(const std::vector<Shape>& inputs) const override {
    const int64_t width = Width(inputs[0]);
    const int64_t source = inputs.back()[1];
    return {{"query.weight", {width, inputs[0][1]}}, {"query.bias", {width}},
            {"key.weight", {width, source}},         {"key.bias", {width}},
            {"value.weight", {width, source}},       {"value.bias", {width}},
            {"output.weight", {width, width}},       {"output.bias", {width}}};
  }

  int64_t MultiplyAdds(const std::vector<Shape>& inputs) const override {
    const int64_t width = Width(inputs[0]);
    const int64_t time = inputs[0][0];
    const int64_t source = inputs.back()[0];
    if (time == kUnknown || source == kUnknown) return kUnknown;
    const int64_t projections =
        time * width * (inputs[0][1] + width) + 2 * source * width * inputs.back()[1];
    return projections + 2 * time * source * width;
  }

  // The inputs; queries, keys, values and the input of the last dense layer; the softmax weights.
  SavedForBackward SavedTensors(const std::vector<Shape>& inputs) const override {
    const int64_t time = inputs[0][0];
    const int64_t source = inputs.back()[0];
    if (time == kUnknown || source == kUnknown) return {true, false, false, kUnknown};
    const int64_t elements = 2 * (time + source) * Width(inputs[0]) + heads * time * source;
    return {/*input=*/true, /*output=*/false, /*is_view=*/false, elements * int64_t{sizeof(float)}};
  }
};

const Fields<AttentionSpec>& AttentionFields() {
  static const auto* const kFields = new Fields<AttentionSpec>(
      Fields<AttentionSpec>()
          .Required("heads", &AttentionSpec::heads, "number of heads", AtLeast(1))
          .Example("4")
          .Optional("size", &AttentionSpec::size,
                    "features of the output; default: as many as the input has",
                    IfGiven(AtLeast(1)))
          .Example("64")
          .Optional("causal", &AttentionSpec::causal, "no step looks at later ones")
          .Shorthand("heads"));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "attention",
    MakeLayerKind("Lets every step of a sequence look at all steps of it, or of a second input: "
                  "multi-head attention (Vaswani et al., 2017).",
                  "attention: {heads: 4, causal: yes}", AttentionFields()));

#if KUR_RUNTIME
class Attention : public Layer {
 public:
  Attention(const AttentionSpec& spec, const std::vector<Shape>& inputs,
            const at::Generator& generator)
      : heads_(spec.heads), causal_(spec.causal) {
    for (const WeightInfo& info : spec.Weights(inputs)) {
      at::Tensor value = at::zeros(info.shape);
      if (info.shape.size() == 2) {
        FillGlorotUniform(value, info.shape[1], info.shape[0], generator);
      }
      AddWeight(info.name, value);
    }
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    const at::Tensor& x = inputs.front();
    const at::Tensor& y = inputs.back();
    const at::Tensor query = Project(x, 0);
    const at::Tensor key = Project(y, 1);
    const at::Tensor value = Project(y, 2);
    const bool fuse = CanFuseAttention(query) && CanFuseAttention(key);
    return Project(fuse ? FusedAttention(query, key, value, heads_, causal_)
                        : Attend(SplitHeads(query), SplitHeads(key), SplitHeads(value)),
                   3);
  }

 private:
  at::Tensor Attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) const {
    const int64_t time = query.size(2);
    const double scale = 1 / std::sqrt(static_cast<double>(query.size(-1)));
    at::Tensor scores = at::matmul(query * scale, key.transpose(-2, -1));
    if (causal_) {
      const at::Tensor later = at::ones({time, time}, query.options().dtype(at::kBool)).triu(1);
      scores = scores.masked_fill(later, -std::numeric_limits<double>::infinity());
    }
    return at::matmul(at::softmax(scores, -1), value).transpose(1, 2).flatten(2);
  }

  // Applies a dense layer: 0 query, 1 key, 2 value, 3 output.
  at::Tensor Project(const at::Tensor& x, size_t which) {
    return at::linear(x, weights()[2 * which].value, weights()[2 * which + 1].value);
  }

  // Reshapes (batch, time, size) to (batch, heads, time, size / heads).
  at::Tensor SplitHeads(const at::Tensor& x) const {
    return x.unflatten(-1, {heads_, x.size(-1) / heads_}).transpose(1, 2);
  }

  int64_t heads_;
  bool causal_;
};

const Registration<LayerBuilder> kBuilder("attention",
                                          MakeLayerBuilder<Attention, AttentionSpec>());
#endif

}  // namespace
}  // namespace kur
