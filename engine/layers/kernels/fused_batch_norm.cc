#include "engine/layers/kernels/fused_batch_norm.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "engine/base/kernel_choice.h"
#include "engine/base/vector_math.h"

namespace kur {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Rows of fewer channels are taken several at once, so that a row has work for all vector units.
constexpr int64_t kMinWidth = 256;
// Read a second time, a block is still in the cache. The same for every number of threads, so that
// sums do not depend on it.
constexpr int64_t kBlockElements = int64_t{32} << 10;

// How the elements of a tensor lie: wide rows of `width` elements, each of one or more rows of
// channels; the last may be shorter.
struct Layout {
  Layout(int64_t elements, int64_t channel_count)
      : channels(channel_count),
        width(channels * ((kMinWidth + channels - 1) / channels)),
        elements(elements),
        block(std::max<int64_t>(1, kBlockElements / width) * width) {}

  int64_t rows() const { return elements / channels; }  // of channels
  int64_t blocks() const { return (elements + block - 1) / block; }
  int64_t BlockSize(int64_t index) const { return std::min(block, elements - index * block); }

  int64_t channels;
  int64_t width;
  int64_t elements;
  int64_t block;  // elements of a block
};

// A value for each channel, repeated to the width of a wide row.
std::vector<float> Repeat(const Layout& layout, const std::vector<double>& of_channels) {
  std::vector<float> wide(static_cast<size_t>(layout.width));
  for (size_t i = 0; i < wide.size(); ++i) {
    wide[i] = static_cast<float>(of_channels[i % of_channels.size()]);
  }
  return wide;
}

// Adds what the places of a wide row have to their channels. `wide` may be changed.
KUR_INLINE void Fold(int64_t channels, int64_t width, float* __restrict wide,
                     float* __restrict to) {
  for (int64_t c = 0; c < channels; ++c) to[c] = wide[c];
  for (int64_t start = channels; start < width; start += channels) {
    for (int64_t c = 0; c < channels; ++c) to[c] += wide[start + c];
  }
}

// Loops over one wide row. Their pointers are parameters, because of those the compiler believes
// that they do not overlap.

KUR_INLINE void AddRow(int64_t width, const float* __restrict x, float* __restrict sums) {
  for (int64_t i = 0; i < width; ++i) sums[i] += x[i];
}

KUR_INLINE void AddDistancesOfRow(int64_t width, const float* __restrict x,
                                  const float* __restrict mean, float* __restrict sums,
                                  float* __restrict squares) {
  for (int64_t i = 0; i < width; ++i) {
    const float distance = x[i] - mean[i];
    sums[i] += distance;
    squares[i] += distance * distance;
  }
}

// Computes the mean of each channel over one block, up to rounding, and the sums of the distances
// from it and of their squares. `mean` holds `width` elements, the mean of a channel at all of its
// places; `scratch` holds twice as many.
KUR_FOR_EACH_PROCESSOR void MomentsOfBlock(int64_t channels, int64_t width, int64_t elements,
                                           const float* x, float* scratch, float* mean,
                                           float* distances, float* squares) {
  float* const of_squares = scratch + width;
  std::fill_n(scratch, width, 0.0f);
  for (int64_t at = 0; at < elements; at += width) {
    AddRow(std::min(width, elements - at), x + at, scratch);
  }
  Fold(channels, width, scratch, mean);
  const int64_t rows = elements / channels;
  const float of_all = 1 / static_cast<float>(rows);
  for (int64_t c = 0; c < channels; ++c) mean[c] *= of_all;
  for (int64_t i = channels; i < width; ++i) mean[i] = mean[i - channels];
  std::fill_n(scratch, 2 * width, 0.0f);
  for (int64_t at = 0; at < elements; at += width) {
    AddDistancesOfRow(std::min(width, elements - at), x + at, mean, scratch, of_squares);
  }
  Fold(channels, width, scratch, distances);
  Fold(channels, width, of_squares, squares);
}

// What a wide row has for each of its places. The mean is taken away first: x * scale alone would
// lose the digits that the mean has more than the deviation.
struct Places {
  const float* mean;
  const float* scale;
  const float* shift;
};

KUR_INLINE float Normalized(float x, float mean, float scale, float shift) {
  return (x - mean) * scale + shift;
}

template <bool kRelu>
KUR_INLINE void ApplyToRow(int64_t width, const float* __restrict x, const float* __restrict mean,
                           const float* __restrict scale, const float* __restrict shift,
                           float* __restrict y) {
  for (int64_t i = 0; i < width; ++i) {
    const float value = Normalized(x[i], mean[i], scale[i], shift[i]);
    y[i] = kRelu && value < 0 ? 0 : value;
  }
}

template <bool kRelu>
KUR_INLINE void ApplyToRows(int64_t width, int64_t elements, const float* x, const Places& places,
                            float* y) {
  for (int64_t at = 0; at < elements; at += width) {
    ApplyToRow<kRelu>(std::min(width, elements - at), x + at, places.mean, places.scale,
                      places.shift, y + at);
  }
}

KUR_FOR_EACH_PROCESSOR void ApplyToBlock(bool relu, int64_t width, int64_t elements, const float* x,
                                         const Places& places, float* y) {
  if (relu) {
    ApplyToRows<true>(width, elements, x, places, y);
  } else {
    ApplyToRows<false>(width, elements, x, places, y);
  }
}

// The gradient before the ReLU, which let through what was above 0.
template <bool kRelu>
KUR_INLINE float Passed(float gradient, float x, float mean, float scale, float shift) {
  return kRelu && Normalized(x, mean, scale, shift) <= 0 ? 0 : gradient;
}

template <bool kRelu>
KUR_INLINE void AddGradientsOfRow(int64_t width, const float* __restrict gradient,
                                  const float* __restrict x, const float* __restrict mean,
                                  const float* __restrict scale, const float* __restrict shift,
                                  float* __restrict sums, float* __restrict products) {
  for (int64_t i = 0; i < width; ++i) {
    const float passed = Passed<kRelu>(gradient[i], x[i], mean[i], scale[i], shift[i]);
    sums[i] += passed;
    products[i] += passed * (x[i] - mean[i]);
  }
}

// Sums of the gradient, and of its products with the distance from the mean, of each channel.
// `scratch` holds two wide rows.
KUR_FOR_EACH_PROCESSOR void SumsOfBlock(bool relu, int64_t channels, int64_t width,
                                        int64_t elements, const float* gradient, const float* x,
                                        const Places& places, float* scratch, float* sums,
                                        float* products) {
  float* const of_products = scratch + width;
  std::fill_n(scratch, 2 * width, 0.0f);
  for (int64_t at = 0; at < elements; at += width) {
    const int64_t count = std::min(width, elements - at);
    if (relu) {
      AddGradientsOfRow<true>(count, gradient + at, x + at, places.mean, places.scale, places.shift,
                              scratch, of_products);
    } else {
      AddGradientsOfRow<false>(count, gradient + at, x + at, places.mean, places.scale,
                               places.shift, scratch, of_products);
    }
  }
  Fold(channels, width, scratch, sums);
  Fold(channels, width, of_products, products);
}

template <bool kRelu>
KUR_INLINE void GradientOfRow(int64_t width, const float* __restrict gradient,
                              const float* __restrict x, const float* __restrict mean,
                              const float* __restrict scale, const float* __restrict shift,
                              const float* __restrict of_x, const float* __restrict constant,
                              float* __restrict to) {
  for (int64_t i = 0; i < width; ++i) {
    const float passed = Passed<kRelu>(gradient[i], x[i], mean[i], scale[i], shift[i]);
    to[i] = scale[i] * passed + of_x[i] * (x[i] - mean[i]) + constant[i];
  }
}

KUR_FOR_EACH_PROCESSOR void GradientOfBlock(bool relu, int64_t width, int64_t elements,
                                            const float* gradient, const float* x,
                                            const Places& places, const float* of_x,
                                            const float* constant, float* to) {
  for (int64_t at = 0; at < elements; at += width) {
    const int64_t count = std::min(width, elements - at);
    if (relu) {
      GradientOfRow<true>(count, gradient + at, x + at, places.mean, places.scale, places.shift,
                          of_x, constant, to + at);
    } else {
      GradientOfRow<false>(count, gradient + at, x + at, places.mean, places.scale, places.shift,
                           of_x, constant, to + at);
    }
  }
}

void ForBlocks(const Layout& layout, const std::function<void(int64_t)>& run) {
  at::parallel_for(0, layout.blocks(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) run(block);
  });
}

struct Moments {
  std::vector<double> mean;
  std::vector<double> squares;  // sums of squared distances from the mean
};

// Joins the moments of the blocks as Chan, Golub and LeVeque do ("Updating formulae and a pairwise
// algorithm for computing sample variances", 1979).
Moments MomentsOf(const Layout& layout, const float* x) {
  const auto channels = static_cast<size_t>(layout.channels);
  const auto width = static_cast<size_t>(layout.width);
  const auto blocks = static_cast<size_t>(layout.blocks());
  std::vector<float> means(blocks * channels);
  std::vector<float> distances(blocks * channels);
  std::vector<float> squares(blocks * channels);
  ForBlocks(layout, [&](int64_t block) {
    std::vector<float> scratch(3 * width);
    float* const mean = scratch.data() + 2 * width;
    const auto at = static_cast<size_t>(block) * channels;
    MomentsOfBlock(layout.channels, layout.width, layout.BlockSize(block), x + block * layout.block,
                   scratch.data(), mean, &distances[at], &squares[at]);
    std::copy_n(mean, channels, &means[at]);
  });
  Moments moments = {std::vector<double>(channels), std::vector<double>(channels)};
  double before = 0;
  for (size_t block = 0; block < blocks; ++block) {
    const int64_t rows = layout.BlockSize(static_cast<int64_t>(block)) / layout.channels;
    const auto count = static_cast<double>(rows);
    const double share = count / (before + count);
    for (size_t c = 0; c < channels; ++c) {
      const size_t at = block * channels + c;
      // What the mean of the block lacks to be exact.
      const double rest = distances[at] / count;
      const double of_block = squares[at] - rest * distances[at];
      const double distance = means[at] + rest - moments.mean[c];
      moments.mean[c] += distance * share;
      moments.squares[c] += std::max(of_block, 0.0) + distance * distance * before * share;
    }
    before += count;
  }
  return moments;
}

Layout LayoutOf(const at::Tensor& x) { return {x.numel(), x.dim() == 4 ? x.size(1) : x.size(-1)}; }

// The same values in the memory layout of `x`.
at::Tensor LaidOutAs(const at::Tensor& x, const at::Tensor& values) {
  if (values.strides() == x.strides()) return values;
  at::Tensor copy = at::empty_like(x);
  copy.copy_(values);
  return copy;
}

// y = (x - mean) * scale + shift, and no less than 0 with `relu`.
at::Tensor Apply(const Layout& layout, const at::Tensor& x, const Places& places, bool relu) {
  at::Tensor y = at::empty_like(x);
  ForBlocks(layout, [&](int64_t block) {
    const int64_t at = block * layout.block;
    ApplyToBlock(relu, layout.width, layout.BlockSize(block), x.data_ptr<float>() + at, places,
                 y.data_ptr<float>() + at);
  });
  return y;
}

// What the mean loses when it becomes a float.
double Rest(double mean) { return mean - static_cast<float>(mean); }

// The rows of Places, as a tensor of (3, width).
at::Tensor MakePlaces(const Layout& layout, const at::Tensor& weight, const at::Tensor& bias,
                      const std::vector<double>& mean, const std::vector<double>& deviation) {
  std::vector<double> scale;
  std::vector<double> shift;
  for (size_t c = 0; c < mean.size(); ++c) {
    scale.push_back(weight.data_ptr<float>()[c] / deviation[c]);
    // Of the scale as it is applied.
    shift.push_back(bias.data_ptr<float>()[c] - Rest(mean[c]) * static_cast<float>(scale[c]));
  }
  at::Tensor places = at::empty({3, layout.width}, at::kFloat);
  auto* to = places.data_ptr<float>();
  const auto add = [&](const std::vector<double>& of_channels) {
    const std::vector<float> row = Repeat(layout, of_channels);
    to = std::copy(row.begin(), row.end(), to);
  };
  add(mean);
  add(scale);
  add(shift);
  return places;
}

Places PlacesIn(const at::Tensor& tensor) {
  const auto* const rows = tensor.data_ptr<float>();
  return {rows, rows + tensor.size(1), rows + 2 * tensor.size(1)};
}

at::Tensor AsTensor(const std::vector<double>& values) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(values.size())}, at::kDouble);
  std::copy(values.begin(), values.end(), tensor.data_ptr<double>());
  return tensor;
}

class BatchNorm : public torch::autograd::Function<BatchNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, at::Tensor mean, at::Tensor variance,
                            BatchNormOptions options) {
    const Layout layout = LayoutOf(x);
    const Moments moments = MomentsOf(layout, x.data_ptr<float>());
    const auto count = static_cast<double>(layout.rows());
    std::vector<double> deviation;
    for (size_t c = 0; c < moments.mean.size(); ++c) {
      deviation.push_back(std::sqrt(moments.squares[c] / count + options.epsilon));
      float& running_mean = mean.data_ptr<float>()[c];
      float& running_var = variance.data_ptr<float>()[c];
      const double fresh = 1 - options.momentum;
      running_mean = static_cast<float>(options.momentum * running_mean + fresh * moments.mean[c]);
      running_var = static_cast<float>(options.momentum * running_var +
                                       fresh * moments.squares[c] / std::max(count - 1, 1.0));
    }
    const at::Tensor places = MakePlaces(layout, weight, bias, moments.mean, deviation);
    context->save_for_backward({x, places, AsTensor(moments.mean), AsTensor(deviation)});
    context->saved_data["relu"] = options.relu;
    return Apply(layout, x, PlacesIn(places), options.relu);
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor gradient = LaidOutAs(x, outputs[0]);
    const bool relu = context->saved_data["relu"].toBool();
    const Layout layout = LayoutOf(x);
    const auto channels = static_cast<size_t>(layout.channels);
    const Places places = PlacesIn(saved[1]);
    const auto* const mean = saved[2].data_ptr<double>();
    const auto* const deviation = saved[3].data_ptr<double>();

    const auto blocks = static_cast<size_t>(layout.blocks());
    std::vector<float> sums(blocks * channels);
    std::vector<float> products(blocks * channels);
    ForBlocks(layout, [&](int64_t block) {
      std::vector<float> scratch(static_cast<size_t>(2 * layout.width));
      const int64_t at = block * layout.block;
      const auto to = static_cast<size_t>(block) * channels;
      SumsOfBlock(relu, layout.channels, layout.width, layout.BlockSize(block),
                  gradient.data_ptr<float>() + at, x.data_ptr<float>() + at, places, scratch.data(),
                  &sums[to], &products[to]);
    });
    std::vector<double> sum(channels);
    std::vector<double> product(channels);
    for (size_t i = 0; i < sums.size(); ++i) {
      sum[i % channels] += sums[i];
      product[i % channels] += products[i];
    }

    // With h = (x - mean) / deviation: scale * (gradient - mean(gradient) - h * mean(gradient *
    // h)).
    const at::Tensor of_weight = at::empty({layout.channels}, at::kFloat);
    const at::Tensor of_bias = at::empty({layout.channels}, at::kFloat);
    const auto count = static_cast<double>(layout.rows());
    std::vector<double> of_x(channels);
    std::vector<double> constant(channels);
    for (size_t c = 0; c < channels; ++c) {
      product[c] -= Rest(mean[c]) * sum[c];
      of_weight.data_ptr<float>()[c] = static_cast<float>(product[c] / deviation[c]);
      of_bias.data_ptr<float>()[c] = static_cast<float>(sum[c]);
      of_x[c] = -places.scale[c] * product[c] / (deviation[c] * deviation[c] * count);
      constant[c] = -places.scale[c] * sum[c] / count - of_x[c] * Rest(mean[c]);
    }
    const std::vector<float> wide_of_x = Repeat(layout, of_x);
    const std::vector<float> wide_constant = Repeat(layout, constant);
    at::Tensor result;
    if (context->needs_input_grad(0)) {
      result = at::empty_like(x);
      ForBlocks(layout, [&](int64_t block) {
        const int64_t at = block * layout.block;
        GradientOfBlock(relu, layout.width, layout.BlockSize(block),
                        gradient.data_ptr<float>() + at, x.data_ptr<float>() + at, places,
                        wide_of_x.data(), wide_constant.data(), result.data_ptr<float>() + at);
      });
    }
    return {result, of_weight, of_bias, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

bool CanFuseBatchNorm(const at::Tensor& x) {
  if (!FusedKernelsAllowed() || !x.device().is_cpu() || x.scalar_type() != at::kFloat ||
      x.numel() == 0) {
    return false;
  }
  if (x.dim() == 4) return x.is_contiguous(at::MemoryFormat::ChannelsLast);
  return x.stride(-1) == 1 && x.is_non_overlapping_and_dense();
}

at::Tensor FusedBatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const at::Tensor& running_mean, const at::Tensor& running_var,
                          const BatchNormOptions& options) {
  return BatchNorm::apply(x, weight, bias, running_mean, running_var, options);
}

at::Tensor BatchNormByRunningStatistics(const at::Tensor& x, const at::Tensor& weight,
                                        const at::Tensor& bias, const at::Tensor& running_mean,
                                        const at::Tensor& running_var,
                                        const BatchNormOptions& options) {
  std::vector<double> mean;
  std::vector<double> deviation;
  for (int64_t c = 0; c < weight.numel(); ++c) {
    mean.push_back(running_mean.data_ptr<float>()[c]);
    deviation.push_back(std::sqrt(running_var.data_ptr<float>()[c] + options.epsilon));
  }
  const Layout layout = LayoutOf(x);
  const at::Tensor places = MakePlaces(layout, weight, bias, mean, deviation);
  return Apply(layout, x, PlacesIn(places), options.relu);
}

}  // namespace kur
