// activation: a function of each value.

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/mish.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/selu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tanh.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct ActivationSpec : LayerSpec {
  std::string type = "linear";
  std::optional<double> alpha;

  std::string kind() const override { return "activation"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    return inputs[0];
  }

  Kept KeptForBackward(const std::vector<Shape>&) const override {
    const bool of_output = type == "relu" || type == "tanh" || type == "sigmoid" ||
                           type == "softmax" || type == "log_softmax" || type == "exponential";
    const bool is_view = type == "linear" || type == "none";
    return {/*input=*/!of_output && !is_view, of_output, is_view};
  }

  Probabilities probabilities() const override {
    if (type == "softmax") return Probabilities::kSoftmax;
    return type == "sigmoid" ? Probabilities::kSigmoid : Probabilities::kNone;
  }
};

const Fields<ActivationSpec>& ActivationFields() {
  static const auto* const kFields = new Fields<ActivationSpec>(
      Fields<ActivationSpec>()
          .Choice("type", &ActivationSpec::type,
                  {"relu", "softmax", "tanh", "sigmoid", "elu", "leakyrelu", "softplus", "softsign",
                   "gelu", "silu", "selu", "mish", "hard_sigmoid", "hard_swish", "log_softmax",
                   "exponential", "linear", "none"},
                  "the function; softmax and log_softmax are over the last axis")
          .Optional("alpha", &ActivationSpec::alpha,
                    "leakyrelu: slope below 0 (default 0.3); elu: scale below 0 (default 1)")
          .Shorthand("type"));
  return *kFields;
}

const Registration<LayerKind> kKind("activation",
                                    MakeLayerKind("Applies a function to each value.",
                                                  "activation: relu", ActivationFields()));

#if KUR_RUNTIME
class Activation : public Layer {
 public:
  Activation(const ActivationSpec& spec, const std::vector<Shape>&, const at::Generator&)
      : function_(Find(spec)) {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    return function_(inputs[0]);
  }

 private:
  using Function = std::function<at::Tensor(const at::Tensor&)>;

  static Function Find(const ActivationSpec& spec) {
    const std::string& type = spec.type;
    if (type == "relu") return [](const at::Tensor& x) { return at::relu(x); };
    if (type == "tanh") return [](const at::Tensor& x) { return at::tanh(x); };
    if (type == "sigmoid") return [](const at::Tensor& x) { return at::sigmoid(x); };
    if (type == "softplus") return [](const at::Tensor& x) { return at::softplus(x); };
    if (type == "gelu") return [](const at::Tensor& x) { return at::gelu(x); };
    if (type == "silu") return [](const at::Tensor& x) { return at::silu(x); };
    if (type == "softsign") return [](const at::Tensor& x) { return x / (x.abs() + 1); };
    if (type == "selu") return [](const at::Tensor& x) { return at::selu(x); };
    if (type == "mish") return [](const at::Tensor& x) { return at::mish(x); };
    if (type == "exponential") return [](const at::Tensor& x) { return at::exp(x); };
    if (type == "hard_swish") return [](const at::Tensor& x) { return at::hardswish(x); };
    // As Keras, and so Kur, has it; PyTorch's rises by 1/6.
    if (type == "hard_sigmoid")
      return [](const at::Tensor& x) { return (x * 0.2 + 0.5).clamp(0, 1); };
    if (type == "softmax") {
      return [](const at::Tensor& x) { return at::softmax(x, x.dim() == 4 ? 1 : -1); };
    }
    if (type == "log_softmax") {
      return [](const at::Tensor& x) { return at::log_softmax(x, x.dim() == 4 ? 1 : -1); };
    }
    if (type == "elu") {
      const double scale = spec.alpha.value_or(1);
      return [scale](const at::Tensor& x) { return at::elu(x, scale); };
    }
    if (type == "leakyrelu") {
      const double slope = spec.alpha.value_or(0.3);
      return [slope](const at::Tensor& x) { return at::leaky_relu(x, slope); };
    }
    return [](const at::Tensor& x) { return x; };
  }

  Function function_;
};

const Registration<LayerBuilder> kBuilder("activation",
                                          MakeLayerBuilder<Activation, ActivationSpec>());
#endif

}  // namespace
}  // namespace kur
