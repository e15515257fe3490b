#include "engine/layers/kernels/max_pool.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstring>

#include "engine/base/kernel_choice.h"
#include "engine/base/vector_math.h"

namespace kur {
namespace {

// An index into a window must fit into a byte.
constexpr int64_t kMaxWindowElements = 256;

// The extents of an image, (height, width, channels), and of the pooled image.
struct Extents {
  int64_t channels;
  int64_t height;
  int64_t width;
  int64_t out_height;
  int64_t out_width;
};

// Returns true if every element of an image is in a window.
bool CoverImage(const PoolWindows& windows, const Extents& extents) {
  return windows.stride_height == windows.height && windows.stride_width == windows.width &&
         extents.out_height * windows.height == extents.height &&
         extents.out_width * windows.width == extents.width;
}

// Updates the maximum of each channel, and its index in the window, by the element at `index`.
KUR_INLINE void UpdateMaximum(int64_t channels, uint8_t index, const float* __restrict value,
                              float* __restrict maximum, uint8_t* __restrict argmax) {
  for (int64_t c = 0; c < channels; ++c) {
    const bool is_larger =
        static_cast<int>(value[c] > maximum[c]) | static_cast<int>(value[c] != value[c]);  // a NaN
    maximum[c] = is_larger ? value[c] : maximum[c];
    argmax[c] = is_larger ? index : argmax[c];
  }
}

KUR_FOR_EACH_PROCESSOR void PoolImage(const PoolWindows& windows, const Extents& extents,
                                      const float* x, float* y, uint8_t* argmax) {
  const int64_t channels = extents.channels;
  for (int64_t i = 0; i < extents.out_height; ++i) {
    for (int64_t j = 0; j < extents.out_width; ++j, y += channels, argmax += channels) {
      const float* const corner =
          x + (i * windows.stride_height * extents.width + j * windows.stride_width) * channels;
      std::memcpy(y, corner, static_cast<size_t>(channels) * sizeof(float));
      std::memset(argmax, 0, static_cast<size_t>(channels));
      for (int64_t index = 1; index < windows.height * windows.width; ++index) {
        const int64_t offset = index / windows.width * extents.width + index % windows.width;
        UpdateMaximum(channels, static_cast<uint8_t>(index), corner + offset * channels, y, argmax);
      }
    }
  }
}

// Writes the gradient of the element at `index` of a window: that of the maximum, or 0.
KUR_INLINE void WriteGradient(int64_t channels, uint8_t index, const float* __restrict gradient,
                              const uint8_t* __restrict argmax, float* __restrict to) {
  for (int64_t c = 0; c < channels; ++c) to[c] = argmax[c] == index ? gradient[c] : 0;
}

// Writes the gradients of all elements that are in a window.
KUR_FOR_EACH_PROCESSOR void PoolImageBackward(const PoolWindows& windows, const Extents& extents,
                                              const float* gradient, const uint8_t* argmax,
                                              float* x) {
  const int64_t channels = extents.channels;
  for (int64_t i = 0; i < extents.out_height; ++i) {
    for (int64_t j = 0; j < extents.out_width; ++j, gradient += channels, argmax += channels) {
      float* const corner =
          x + (i * windows.stride_height * extents.width + j * windows.stride_width) * channels;
      for (int64_t index = 0; index < windows.height * windows.width; ++index) {
        const int64_t offset = index / windows.width * extents.width + index % windows.width;
        WriteGradient(channels, static_cast<uint8_t>(index), gradient, argmax,
                      corner + offset * channels);
      }
    }
  }
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class MaxPool : public torch::autograd::Function<MaxPool> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, PoolWindows windows) {
    const Extents extents = {x.size(1), x.size(2), x.size(3),
                             (x.size(2) - windows.height) / windows.stride_height + 1,
                             (x.size(3) - windows.width) / windows.stride_width + 1};
    const at::Tensor y =
        at::empty({x.size(0), extents.channels, extents.out_height, extents.out_width},
                  x.options().memory_format(at::MemoryFormat::ChannelsLast));
    const at::Tensor argmax = at::empty({y.numel()}, at::kByte);
    const int64_t in = x.numel() / x.size(0);
    const int64_t out = y.numel() / x.size(0);
    at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        PoolImage(windows, extents, x.data_ptr<float>() + n * in, y.data_ptr<float>() + n * out,
                  argmax.data_ptr<uint8_t>() + n * out);
      }
    });
    context->save_for_backward({argmax});
    context->saved_data["shape"] = x.sizes().vec();
    context->saved_data["windows"] = std::vector<int64_t>{
        windows.height, windows.width, windows.stride_height, windows.stride_width};
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const at::Tensor gradient = outputs[0].contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor argmax = context->get_saved_variables()[0];
    const auto shape = context->saved_data["shape"].toIntVector();
    const auto list = context->saved_data["windows"].toIntVector();
    const PoolWindows windows = {list[0], list[1], list[2], list[3]};
    const Extents extents = {shape[1], shape[2], shape[3], gradient.size(2), gradient.size(3)};
    const bool clear = !CoverImage(windows, extents);
    const at::Tensor x =
        at::empty(shape, gradient.options().memory_format(at::MemoryFormat::ChannelsLast));
    const int64_t in = x.numel() / shape[0];
    const int64_t out = gradient.numel() / shape[0];
    at::parallel_for(0, shape[0], 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        float* const to = x.data_ptr<float>() + n * in;
        if (clear) std::fill_n(to, in, 0.0f);
        PoolImageBackward(windows, extents, gradient.data_ptr<float>() + n * out,
                          argmax.data_ptr<uint8_t>() + n * out, to);
      }
    });
    return {x, at::Tensor()};
  }
};

}  // namespace

bool CanPoolImages(const at::Tensor& x, const PoolWindows& windows) {
  return FusedKernelsAllowed() && x.device().is_cpu() && x.scalar_type() == at::kFloat &&
         x.numel() > 0 && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         windows.stride_height >= windows.height && windows.stride_width >= windows.width &&
         windows.height * windows.width <= kMaxWindowElements;
}

at::Tensor MaxPoolImages(const at::Tensor& x, const PoolWindows& windows) {
  return MaxPool::apply(x, windows);
}

}  // namespace kur
