#include "engine/layers/aten_guards.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <vector>

namespace kur {
namespace {

// Reshapes a value for each channel so that it broadcasts to (batch, channels, ...).
at::Tensor BroadcastChannels(const at::Tensor& values, const at::Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = values.size(0);
  return values.view(shape);
}

at::Tensor MeanOfChannels(const at::Tensor& x) {
  const c10::NoGradGuard no_grad;
  return x.transpose(0, 1).flatten(1).mean(1);
}

}  // namespace

at::Tensor Gelu(const at::Tensor& x) {
  at::Tensor y = at::gelu(x);
  if (y.requires_grad() && x.is_contiguous()) {
    y.register_hook([](const at::Tensor& gradient) {
      return gradient.defined() ? gradient.contiguous() : gradient;
    });
  }
  return y;
}

// Subtracting a constant from the input changes neither the result of a normalization nor the
// gradients. Without its mean, the input is not large beside its deviation, and nothing cancels.

at::Tensor LayerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     double epsilon) {
  const at::Tensor centered = x - x.detach().mean(-1, /*keepdim=*/true);
  return at::layer_norm(centered, weight.sizes(), weight, bias, epsilon);
}

at::Tensor GroupNorm(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                     const at::Tensor& bias, double epsilon) {
  const at::Tensor grouped = x.unflatten(1, {groups, x.size(1) / groups}).flatten(2);
  const at::Tensor centered = grouped - grouped.detach().mean(-1, /*keepdim=*/true);
  at::Tensor input = centered.reshape(x.sizes());
  if (!input.requires_grad()) input = input.contiguous();
  const at::Tensor y = at::group_norm(input, groups, weight, bias, epsilon);
  return y.contiguous(x.suggest_memory_format());
}

at::Tensor BatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     const at::Tensor& running_mean, const at::Tensor& running_var, bool training,
                     double momentum, double epsilon) {
  constexpr bool kCudnn = true;
  if (!training) {
    return at::batch_norm(x - BroadcastChannels(running_mean, x), weight, bias,
                          at::zeros_like(running_mean), running_var, training, 0, epsilon, kCudnn);
  }
  const at::Tensor shift = MeanOfChannels(x);
  const at::Tensor mean = running_mean - shift;
  // A copy, as autograd saves it, and a layer may run twice before its backward pass.
  const at::Tensor variance = running_var.clone();
  // ATen's momentum is the fraction of the new statistics.
  at::Tensor y = at::batch_norm(x - BroadcastChannels(shift, x), weight, bias, mean, variance,
                                training, 1 - momentum, epsilon, kCudnn);
  running_mean.copy_(mean + shift);
  const bool is_single = x.numel() == x.size(1);
  running_var.copy_(is_single ? running_var * momentum : variance);
  return y;
}

}  // namespace kur
