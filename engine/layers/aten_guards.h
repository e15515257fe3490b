#ifndef KUR_ENGINE_LAYERS_ATEN_GUARDS_H_
#define KUR_ENGINE_LAYERS_ATEN_GUARDS_H_

#include <ATen/core/Tensor.h>

namespace kur {

// The operators of ATen that are wrong for some memory layouts or values, called so that they are
// right for all. What a layer needs of them it takes from here; tests/engine/layers/layouts_test.cc
// looks for further ones. All work for any device and floating-point type.

// Gaussian error linear unit. at::gelu() of contiguous floats runs oneDNN, whose backward pass
// leaves the result unwritten where the gradient has another layout than the input (PyTorch issue
// 112006; libtorch 1.13 and later).
at::Tensor Gelu(const at::Tensor& x);

// Layer normalization over the last axis; `weight` and `bias` are (features,). at::layer_norm()
// computes x * scale + shift, and in its backward pass sums of x, which loses all digits that the
// mean has more than the deviation (libtorch 1.13 to 2.x).
at::Tensor LayerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     double epsilon);

// Group normalization of (batch, channels, ...); `weight` and `bias` are (channels,). Loses digits
// as at::layer_norm() does, and in channels-last memory twice as many, because its variance there
// is E[x^2] - E[x]^2 (libtorch 1.13 to 2.x). The result has the memory layout of `x`.
at::Tensor GroupNorm(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                     const at::Tensor& bias, double epsilon);

// Batch normalization of (batch, channels, ...), `momentum` being the share of the old running
// statistics that stays. Changes `running_mean` and `running_var` if `training`, else uses them.
// Loses digits as at::layer_norm() does; and of a single value for each channel at::batch_norm()
// makes a running variance of NaN, where this lets the variance of 0 count.
at::Tensor BatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     const at::Tensor& running_mean, const at::Tensor& running_var, bool training,
                     double momentum, double epsilon);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_ATEN_GUARDS_H_
