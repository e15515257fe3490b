#ifndef KUR_ENGINE_LAYERS_ATEN_GUARDS_H_
#define KUR_ENGINE_LAYERS_ATEN_GUARDS_H_

#include <ATen/core/Tensor.h>

namespace kur {

// Replacements for ATen operators that are wrong for some memory layouts or values. Layers call
// these instead; tests/engine/layers/layouts_test.cc searches for further such operators. All work
// for any device and floating-point type, and are thread-safe.

// Computes the Gaussian error linear unit. at::gelu() of contiguous floats runs oneDNN, whose
// backward pass leaves the result unwritten if the layouts of gradient and input differ (PyTorch
// issue 112006; libtorch 1.13 and later).
at::Tensor Gelu(const at::Tensor& x);

// Computes layer normalization over the last axis; `weight` and `bias` are (features,).
// at::layer_norm() computes x * scale + shift, and sums of x in its backward pass. Both lose
// precision if the mean is large beside the deviation (libtorch 1.13 to 2.x).
at::Tensor LayerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     double epsilon);

// Computes group normalization of (batch, channels, ...); `weight` and `bias` are (channels,).
// at::group_norm() loses precision as at::layer_norm() does. In channels-last memory it loses twice
// as many digits, as it computes the variance as E[x^2] - E[x]^2 (libtorch 1.13 to 2.x), and writes
// the gradient of `x` to address 0 if `x` needs none (libtorch 2.11). The result has the memory
// layout of `x`.
at::Tensor GroupNorm(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                     const at::Tensor& bias, double epsilon);

// Computes batch normalization of (batch, channels, ...). `momentum` is the fraction of the old
// running statistics that stays. With `training`, normalizes by the batch and updates
// `running_mean` and `running_var`; otherwise normalizes by these. at::batch_norm() loses precision
// as at::layer_norm() does; for a single value per channel it sets the running variance to NaN,
// where this function counts a variance of 0.
at::Tensor BatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     const at::Tensor& running_mean, const at::Tensor& running_var, bool training,
                     double momentum, double epsilon);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_ATEN_GUARDS_H_
