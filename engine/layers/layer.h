#ifndef KUR_ENGINE_LAYERS_LAYER_H_
#define KUR_ENGINE_LAYERS_LAYER_H_

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/registry.h"
#include "engine/kurfile/specs/layer_spec.h"

namespace kur {

// A tensor of a layer. Copies of `value` share its memory, so that the optimizer's changes are
// visible to all.
struct Weight {
  std::string name;  // as in LayerSpec::Weights(): "weight", "bias", "running_mean"
  at::Tensor value;
  bool trainable = true;  // false for running statistics
};

// The circumstances of one forward pass.
struct ForwardContext {
  bool training = false;
  // True: nothing else needs the memory of the layer's input, so that the layer may overwrite it.
  bool may_overwrite = false;
  // True: the layer applies a ReLU to its output. Only set if LayerSpec::CanApplyRelu().
  bool then_relu = false;
};

// A built layer with its weights. Not thread-safe: one thread at a time.
//
// Tensors between layers have the batch axis first. Samples of rank 3 are images, (height, width,
// channels) in a Kurfile; their batches are (batch, channels, height, width) in channels-last
// memory, which is fast for convolutions and is the Kurfile's order in memory (see
// ToKurfileLayout()). All other tensors have the Kurfile's axes after the batch axis.
class Layer {
 public:
  virtual ~Layer() = default;

  // Computes the output of a batch. Autograd records it, if gradients are enabled.
  virtual at::Tensor Forward(const std::vector<at::Tensor>& inputs,
                             const ForwardContext& context) = 0;

  std::vector<Weight>& weights() { return weights_; }

 protected:
  at::Tensor AddWeight(std::string name, at::Tensor value, bool trainable = true) {
    weights_.push_back({std::move(name), value, trainable});
    return value;
  }

 private:
  std::vector<Weight> weights_;
};

// Builds a layer on the CPU with new weights drawn from `generator`, a generator of the CPU.
// `inputs` are the shapes of samples, which LayerSpec::OutputShape() must have accepted.
struct LayerBuilder {
  std::function<std::unique_ptr<Layer>(const LayerSpec&, const std::vector<Shape>& inputs,
                                       at::Generator generator)>
      build;
};

// Returns a builder for specs of the type Spec. LayerType must be constructible from (const Spec&,
// const std::vector<Shape>&, at::Generator).
template <class LayerType, class Spec>
LayerBuilder MakeLayerBuilder() {
  return {[](const LayerSpec& spec, const std::vector<Shape>& inputs, at::Generator generator) {
    return std::make_unique<LayerType>(static_cast<const Spec&>(spec), inputs,
                                       std::move(generator));
  }};
}

// Returns a view of a batch with the axes in a Kurfile's order: images as (batch, height, width,
// channels), other tensors unchanged.
at::Tensor ToKurfileLayout(const at::Tensor& tensor);
// Returns the view that ToKurfileLayout() reverses.
at::Tensor FromKurfileLayout(const at::Tensor& tensor);

// Computes a highway: t relu(y) + (1 - t) x with t = sigmoid(gate). Under autocast, `y` and `gate`
// may have less precision than `x`; the result has that of `x`.
at::Tensor Highway(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate);

// Fills `weight` from Glorot's uniform distribution: U(-a, a) with a = sqrt(6 / (fan_in + fan_out))
// (Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
// 2010).
void FillGlorotUniform(at::Tensor weight, int64_t fan_in, int64_t fan_out, at::Generator generator);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_LAYER_H_
