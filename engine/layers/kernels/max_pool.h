#ifndef KUR_ENGINE_LAYERS_KERNELS_MAX_POOL_H_
#define KUR_ENGINE_LAYERS_KERNELS_MAX_POOL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace kur {

// The windows of a pool over images, in pixels.
struct PoolWindows {
  int64_t height = 1;
  int64_t width = 1;
  int64_t stride_height = 1;
  int64_t stride_width = 1;
};

// Returns true if MaxPoolImages() accepts the arguments: float32 on the CPU in channels-last
// memory, and windows that do not overlap and have at most 256 elements.
bool CanPoolImages(const at::Tensor& x, const PoolWindows& windows);

// Returns the maximum of each window of (batch, channels, height, width), equal to
// at::max_pool2d(). Computes all channels of a position at once; the backward pass clears no memory
// unless the windows leave gaps. Among equal elements the first one gets the gradient; a NaN is the
// largest. Differentiable once.
at::Tensor MaxPoolImages(const at::Tensor& x, const PoolWindows& windows);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_MAX_POOL_H_
