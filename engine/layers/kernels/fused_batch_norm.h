#ifndef KUR_ENGINE_LAYERS_KERNELS_FUSED_BATCH_NORM_H_
#define KUR_ENGINE_LAYERS_KERNELS_FUSED_BATCH_NORM_H_

#include <ATen/core/Tensor.h>

namespace kur {

// Batch normalization of floats on the CPU whose channels lie next to each other in memory, with as
// few passes over it as there can be, and with the ReLU that follows in the same passes: backwards
// it costs nothing then, neither time nor memory.

// True if the functions below can take `x`: floats on the CPU, (batch, channels, height, width) in
// channels-last memory, or (batch, ..., channels) with the other axes in any order in memory, as
// recurrent layers leave them.
bool CanFuseBatchNorm(const at::Tensor& x);

struct BatchNormOptions {
  double momentum = 0.9;  // share of the old running statistics that stays
  double epsilon = 1e-5;
  bool relu = false;
};

// As at::batch_norm() in training, and at::relu() of it. `weight` and `bias` are (channels,), as
// are the running statistics, which are changed. Only differentiable once.
at::Tensor FusedBatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const at::Tensor& running_mean, const at::Tensor& running_var,
                          const BatchNormOptions& options);

// The same by the running statistics, without a gradient.
at::Tensor BatchNormByRunningStatistics(const at::Tensor& x, const at::Tensor& weight,
                                        const at::Tensor& bias, const at::Tensor& running_mean,
                                        const at::Tensor& running_var,
                                        const BatchNormOptions& options);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_FUSED_BATCH_NORM_H_
