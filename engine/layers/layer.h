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

// A tensor that a layer owns. The value is shared: whoever holds it sees changes by the optimizer.
struct Weight {
  std::string name;  // "weight", "bias", "running_mean"; as LayerSpec::Weights() calls it
  at::Tensor value;
  bool trainable = true;  // false for running statistics
};

// What a forward pass is for.
struct ForwardContext {
  bool training = false;
  // Nothing else needs the input of the layer, nor its memory: the layer may write over it.
  bool may_overwrite = false;
  // The layer, which CanApplyRelu(), is to give the ReLU of its output.
  bool then_relu = false;
};

// A built layer: holds its tensors and computes. One thread at a time.
//
// Tensors between layers have the batch axis first. Images, whose samples a Kurfile's author thinks
// of as (height, width, channels), travel as (batch, channels, height, width) in channels-last
// memory, which is what convolutions want and is the author's order in memory; see
// ToKurfileLayout(). All other tensors have the author's axes after the batch axis.
class Layer {
 public:
  virtual ~Layer() = default;

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

// Builds a layer on the CPU with fresh weights drawn from `generator`. `inputs` are the sample
// shapes, which OutputShape() has accepted; `generator` is the CPU's.
struct LayerBuilder {
  std::function<std::unique_ptr<Layer>(const LayerSpec&, const std::vector<Shape>& inputs,
                                       at::Generator generator)>
      build;
};

// The builder of the layer class LayerType, constructible from (const Spec&, const
// std::vector<Shape>&, at::Generator), for specs of the type Spec.
template <class LayerType, class Spec>
LayerBuilder MakeLayerBuilder() {
  return {[](const LayerSpec& spec, const std::vector<Shape>& inputs, at::Generator generator) {
    return std::make_unique<LayerType>(static_cast<const Spec&>(spec), inputs,
                                       std::move(generator));
  }};
}

// The tensor with the axes in the author's order: (batch, height, width, channels) for an image;
// any other tensor as it is. A view.
at::Tensor ToKurfileLayout(const at::Tensor& tensor);
// The other way round.
at::Tensor FromKurfileLayout(const at::Tensor& tensor);

// What a highway gives for the input x: relu(y) as far as the gate is open, x for the rest; `gate`
// is what its sigmoid is taken of. Under Autocast, y and the gate may be of less precision than x.
at::Tensor Highway(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate);

// Fills `weight` with Glorot's uniform distribution, U(-a, a) with a = sqrt(6 / (fan_in + fan_out))
// (Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
// 2010).
void FillGlorotUniform(at::Tensor weight, int64_t fan_in, int64_t fan_out, at::Generator generator);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_LAYER_H_
