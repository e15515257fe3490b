#include "engine/layers/activation_function.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/exp.h>
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

#include "engine/layers/aten_guards.h"

namespace kur {

ActivationFunction FindActivation(const std::string& name, const std::optional<double>& alpha) {
  if (name == "relu") return [](const at::Tensor& x) { return at::relu(x); };
  if (name == "tanh") return [](const at::Tensor& x) { return at::tanh(x); };
  if (name == "sigmoid") return [](const at::Tensor& x) { return at::sigmoid(x); };
  if (name == "softplus") return [](const at::Tensor& x) { return at::softplus(x); };
  if (name == "gelu") return [](const at::Tensor& x) { return Gelu(x); };
  if (name == "silu") return [](const at::Tensor& x) { return at::silu(x); };
  if (name == "softsign") return [](const at::Tensor& x) { return x / (x.abs() + 1); };
  if (name == "selu") return [](const at::Tensor& x) { return at::selu(x); };
  if (name == "mish") return [](const at::Tensor& x) { return at::mish(x); };
  if (name == "exponential") return [](const at::Tensor& x) { return at::exp(x); };
  if (name == "hard_swish") return [](const at::Tensor& x) { return at::hardswish(x); };
  // Keras' definition, as in Kur; PyTorch's has the slope 1/6.
  if (name == "hard_sigmoid")
    return [](const at::Tensor& x) { return (x * 0.2 + 0.5).clamp(0, 1); };
  if (name == "softmax") {
    return [](const at::Tensor& x) { return at::softmax(x, x.dim() == 4 ? 1 : -1); };
  }
  if (name == "log_softmax") {
    return [](const at::Tensor& x) { return at::log_softmax(x, x.dim() == 4 ? 1 : -1); };
  }
  if (name == "elu") {
    const double scale = alpha.value_or(1);
    return [scale](const at::Tensor& x) { return at::elu(x, scale); };
  }
  if (name == "leakyrelu") {
    const double slope = alpha.value_or(0.3);
    return [slope](const at::Tensor& x) { return at::leaky_relu(x, slope); };
  }
  return [](const at::Tensor& x) { return x; };
}

}  // namespace kur
