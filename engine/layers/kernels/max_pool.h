#ifndef KUR_ENGINE_LAYERS_KERNELS_MAX_POOL_H_
#define KUR_ENGINE_LAYERS_KERNELS_MAX_POOL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace kur {

// The windows of a pool over images, which must not overlap and have at most 256 elements.
struct PoolWindows {
  int64_t height = 1;
  int64_t width = 1;
  int64_t stride_height = 1;
  int64_t stride_width = 1;
};

// True if MaxPoolImages() can take that image in those windows: floats on the CPU in channels-last
// memory.
bool CanPoolImages(const at::Tensor& x, const PoolWindows& windows);

// The maximum of each window of (batch, channels, height, width), as at::max_pool2d() gives it,
// for all channels of a place at once, and backwards without a pass that only clears memory. Of
// equal elements the first counts; a NaN is the largest. Only differentiable once.
at::Tensor MaxPoolImages(const at::Tensor& x, const PoolWindows& windows);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_MAX_POOL_H_
