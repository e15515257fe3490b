// activation: applies a function to each value.

#include <string>
#include <vector>

#include "engine/kurfile/specs/layer_spec.h"
#include "engine/layers/activation_names.h"
#if KUR_RUNTIME
#include "engine/layers/activation_function.h"
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

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    const bool of_output = type == "relu" || type == "tanh" || type == "sigmoid" ||
                           type == "softmax" || type == "log_softmax" || type == "exponential";
    const bool is_view = type == "linear" || type == "none";
    return {/*input=*/!of_output && !is_view, of_output, is_view};
  }

  bool CommutesWithMaxPool() const override { return IsRelu(); }
  bool IsRelu() const override { return type == "relu"; }
  Probabilities probabilities() const override {
    if (type == "softmax") return Probabilities::kSoftmax;
    return type == "sigmoid" ? Probabilities::kSigmoid : Probabilities::kNone;
  }
};

const Fields<ActivationSpec>& ActivationFields() {
  static const auto* const kFields = new Fields<ActivationSpec>(
      Fields<ActivationSpec>()
          .Choice("type", &ActivationSpec::type, ActivationNames(),
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
      : function_(FindActivation(spec.type, spec.alpha)), is_relu_(spec.type == "relu") {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs,
                     const ForwardContext& context) override {
    at::Tensor x = inputs[0];
    // Overwriting a view costs autograd more than it saves.
    if (is_relu_ && context.may_overwrite && !x.is_view()) return x.relu_();
    return function_(x);
  }

 private:
  ActivationFunction function_;
  bool is_relu_;
};

const Registration<LayerBuilder> kBuilder("activation",
                                          MakeLayerBuilder<Activation, ActivationSpec>());
#endif

}  // namespace
}  // namespace kur
