#ifndef KUR_ENGINE_LAYERS_KERNELS_FUSED_BATCH_NORM_H_
#define KUR_ENGINE_LAYERS_KERNELS_FUSED_BATCH_NORM_H_

#include <ATen/core/Tensor.h>

namespace kur {

// Batch normalization of float32 on the CPU, for tensors whose channels are adjacent in memory. The
// kernels pass over memory as few times as possible. A ReLU that follows is part of the same
// passes, so that its backward pass takes neither time nor memory.

// Returns true if the functions below accept `x`: float32 on the CPU, either (batch, channels,
// height, width) in channels-last memory, or (batch, ..., channels) with the other axes in any
// order in memory, as recurrent layers leave them.
bool CanFuseBatchNorm(const at::Tensor& x);

struct BatchNormOptions {
  double momentum = 0.9;  // the fraction of the old running statistics that stays
  double epsilon = 1e-5;  // added to the variance
  bool relu = false;      // applies a ReLU to the result
};

// Computes at::batch_norm() in training mode. `weight`, `bias`, `running_mean` and `running_var`
// are (channels,); the running statistics are updated. Differentiable once.
at::Tensor FusedBatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const at::Tensor& running_mean, const at::Tensor& running_var,
                          const BatchNormOptions& options);

// Normalizes by the running statistics. Not differentiable.
at::Tensor BatchNormInference(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              const at::Tensor& running_mean, const at::Tensor& running_var,
                              const BatchNormOptions& options);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_FUSED_BATCH_NORM_H_
