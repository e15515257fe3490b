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

// The least number of elements of a wide row: enough work for all vector units.
constexpr int64_t kMinWidth = 256;
// The number of elements of a block: it stays in the cache between both readings. It does not
// depend on the number of threads, so that sums do not depend on that either.
constexpr int64_t kBlockElements = int64_t{32} << 10;

// The elements of a tensor as wide rows. A wide row joins one or more positions, each of which has
// an element for every channel; the last wide row may be shorter. Threads work on blocks of wide
// rows.
struct Layout {
  Layout(int64_t elements, int64_t channel_count)
      : channels(channel_count),
        width(channels * ((kMinWidth + channels - 1) / channels)),
        elements(elements),
        block(std::max<int64_t>(1, kBlockElements / width) * width) {}

  int64_t positions() const { return elements / channels; }
  int64_t blocks() const { return (elements + block - 1) / block; }
  int64_t BlockSize(int64_t index) const { return std::min(block, elements - index * block); }

  int64_t channels;
  int64_t width;     // elements of a wide row, a multiple of the channels
  int64_t elements;  // of the tensor
  int64_t block;     // elements of a block
};

// Repeats a value for each channel to the width of a wide row.
std::vector<float> Repeat(const Layout& layout, const std::vector<double>& channel_values) {
  std::vector<float> wide(static_cast<size_t>(layout.width));
  for (size_t i = 0; i < wide.size(); ++i) {
    wide[i] = static_cast<float>(channel_values[i % channel_values.size()]);
  }
  return wide;
}

// Sums the elements of a wide row by channel.
KUR_INLINE void FoldChannels(int64_t channels, int64_t width, const float* __restrict wide,
                             float* __restrict to) {
  for (int64_t c = 0; c < channels; ++c) to[c] = wide[c];
  for (int64_t start = channels; start < width; start += channels) {
    for (int64_t c = 0; c < channels; ++c) to[c] += wide[start + c];
  }
}

// Loops over one wide row. The compiler vectorizes them, as it trusts `__restrict` of parameters.

KUR_INLINE void AddRow(int64_t width, const float* __restrict x, float* __restrict sums) {
  for (int64_t i = 0; i < width; ++i) sums[i] += x[i];
}

KUR_INLINE void AddRowDistances(int64_t width, const float* __restrict x,
                                const float* __restrict mean, float* __restrict sums,
                                float* __restrict squares) {
  for (int64_t i = 0; i < width; ++i) {
    const float distance = x[i] - mean[i];
    sums[i] += distance;
    squares[i] += distance * distance;
  }
}

// Computes for each channel of a block the rounded mean, and the sums of the distances from that
// mean and of their squares. `mean` is a wide row; `scratch` has space for two wide rows.
KUR_FOR_EACH_PROCESSOR void ComputeBlockMoments(int64_t channels, int64_t width, int64_t elements,
                                                const float* x, float* scratch, float* mean,
                                                float* distances, float* squares) {
  float* const wide_squares = scratch + width;
  std::fill_n(scratch, width, 0.0f);
  for (int64_t at = 0; at < elements; at += width) {
    AddRow(std::min(width, elements - at), x + at, scratch);
  }
  FoldChannels(channels, width, scratch, mean);
  const int64_t positions = elements / channels;
  const float factor = 1 / static_cast<float>(positions);
  for (int64_t c = 0; c < channels; ++c) mean[c] *= factor;
  for (int64_t i = channels; i < width; ++i) mean[i] = mean[i - channels];
  std::fill_n(scratch, 2 * width, 0.0f);
  for (int64_t at = 0; at < elements; at += width) {
    AddRowDistances(std::min(width, elements - at), x + at, mean, scratch, wide_squares);
  }
  FoldChannels(channels, width, scratch, distances);
  FoldChannels(channels, width, wide_squares, squares);
}

// The coefficients of y = (x - mean) * scale + shift; each points to a wide row. The mean is
// subtracted first: x * scale would lose digits if the mean is large beside the deviation.
struct Coefficients {
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
KUR_INLINE void ApplyToRows(int64_t width, int64_t elements, const float* x,
                            const Coefficients& coefficients, float* y) {
  for (int64_t at = 0; at < elements; at += width) {
    ApplyToRow<kRelu>(std::min(width, elements - at), x + at, coefficients.mean, coefficients.scale,
                      coefficients.shift, y + at);
  }
}

KUR_FOR_EACH_PROCESSOR void ApplyToBlock(bool relu, int64_t width, int64_t elements, const float* x,
                                         const Coefficients& coefficients, float* y) {
  if (relu) {
    ApplyToRows<true>(width, elements, x, coefficients, y);
  } else {
    ApplyToRows<false>(width, elements, x, coefficients, y);
  }
}

// Returns the gradient before the ReLU: 0 where the ReLU's input was not above 0.
template <bool kRelu>
KUR_INLINE float BeforeRelu(float gradient, float x, float mean, float scale, float shift) {
  return kRelu && Normalized(x, mean, scale, shift) <= 0 ? 0 : gradient;
}

template <bool kRelu>
KUR_INLINE void AddRowGradients(int64_t width, const float* __restrict gradient,
                                const float* __restrict x, const float* __restrict mean,
                                const float* __restrict scale, const float* __restrict shift,
                                float* __restrict sums, float* __restrict products) {
  for (int64_t i = 0; i < width; ++i) {
    const float passed = BeforeRelu<kRelu>(gradient[i], x[i], mean[i], scale[i], shift[i]);
    sums[i] += passed;
    products[i] += passed * (x[i] - mean[i]);
  }
}

// Sums, for each channel of a block, the gradient and its products with the distance from the mean.
// `scratch` has space for two wide rows.
KUR_FOR_EACH_PROCESSOR void SumBlockGradients(bool relu, int64_t channels, int64_t width,
                                              int64_t elements, const float* gradient,
                                              const float* x, const Coefficients& coefficients,
                                              float* scratch, float* sums, float* products) {
  float* const wide_products = scratch + width;
  std::fill_n(scratch, 2 * width, 0.0f);
  for (int64_t at = 0; at < elements; at += width) {
    const int64_t count = std::min(width, elements - at);
    if (relu) {
      AddRowGradients<true>(count, gradient + at, x + at, coefficients.mean, coefficients.scale,
                            coefficients.shift, scratch, wide_products);
    } else {
      AddRowGradients<false>(count, gradient + at, x + at, coefficients.mean, coefficients.scale,
                             coefficients.shift, scratch, wide_products);
    }
  }
  FoldChannels(channels, width, scratch, sums);
  FoldChannels(channels, width, wide_products, products);
}

template <bool kRelu>
KUR_INLINE void WriteRowGradient(int64_t width, const float* __restrict gradient,
                                 const float* __restrict x, const float* __restrict mean,
                                 const float* __restrict scale, const float* __restrict shift,
                                 const float* __restrict slope, const float* __restrict offset,
                                 float* __restrict to) {
  for (int64_t i = 0; i < width; ++i) {
    const float passed = BeforeRelu<kRelu>(gradient[i], x[i], mean[i], scale[i], shift[i]);
    to[i] = scale[i] * passed + slope[i] * (x[i] - mean[i]) + offset[i];
  }
}

KUR_FOR_EACH_PROCESSOR void WriteBlockGradient(bool relu, int64_t width, int64_t elements,
                                               const float* gradient, const float* x,
                                               const Coefficients& coefficients, const float* slope,
                                               const float* offset, float* to) {
  for (int64_t at = 0; at < elements; at += width) {
    const int64_t count = std::min(width, elements - at);
    if (relu) {
      WriteRowGradient<true>(count, gradient + at, x + at, coefficients.mean, coefficients.scale,
                             coefficients.shift, slope, offset, to + at);
    } else {
      WriteRowGradient<false>(count, gradient + at, x + at, coefficients.mean, coefficients.scale,
                              coefficients.shift, slope, offset, to + at);
    }
  }
}

void ParallelForBlocks(const Layout& layout, const std::function<void(int64_t)>& run) {
  at::parallel_for(0, layout.blocks(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) run(block);
  });
}

// For each channel.
struct Moments {
  std::vector<double> mean;
  std::vector<double> squares;  // sums of squared distances from the mean
};

// Merges the moments of the blocks by the formulas of Chan, Golub and LeVeque ("Updating formulae
// and a pairwise algorithm for computing sample variances", 1979).
Moments ComputeMoments(const Layout& layout, const float* x) {
  const auto channels = static_cast<size_t>(layout.channels);
  const auto width = static_cast<size_t>(layout.width);
  const auto blocks = static_cast<size_t>(layout.blocks());
  std::vector<float> means(blocks * channels);
  std::vector<float> distances(blocks * channels);
  std::vector<float> squares(blocks * channels);
  ParallelForBlocks(layout, [&](int64_t block) {
    std::vector<float> scratch(3 * width);
    float* const mean = scratch.data() + 2 * width;
    const auto at = static_cast<size_t>(block) * channels;
    ComputeBlockMoments(layout.channels, layout.width, layout.BlockSize(block),
                        x + block * layout.block, scratch.data(), mean, &distances[at],
                        &squares[at]);
    std::copy_n(mean, channels, &means[at]);
  });
  Moments moments = {std::vector<double>(channels), std::vector<double>(channels)};
  double before = 0;
  for (size_t block = 0; block < blocks; ++block) {
    const int64_t positions = layout.BlockSize(static_cast<int64_t>(block)) / layout.channels;
    const auto count = static_cast<double>(positions);
    const double share = count / (before + count);
    for (size_t c = 0; c < channels; ++c) {
      const size_t at = block * channels + c;
      // The block's mean was rounded; this is the correction.
      const double correction = distances[at] / count;
      const double block_squares = squares[at] - correction * distances[at];
      const double distance = means[at] + correction - moments.mean[c];
      moments.mean[c] += distance * share;
      moments.squares[c] += std::max(block_squares, 0.0) + distance * distance * before * share;
    }
    before += count;
  }
  return moments;
}

Layout LayoutOf(const at::Tensor& x) { return {x.numel(), x.dim() == 4 ? x.size(1) : x.size(-1)}; }

// Returns `values` in the memory layout of `x`.
at::Tensor WithLayoutOf(const at::Tensor& x, const at::Tensor& values) {
  if (values.strides() == x.strides()) return values;
  at::Tensor copy = at::empty_like(x);
  copy.copy_(values);
  return copy;
}

// Returns (x - mean) * scale + shift, and with `relu` the ReLU of that.
at::Tensor Apply(const Layout& layout, const at::Tensor& x, const Coefficients& coefficients,
                 bool relu) {
  at::Tensor y = at::empty_like(x);
  ParallelForBlocks(layout, [&](int64_t block) {
    const int64_t at = block * layout.block;
    ApplyToBlock(relu, layout.width, layout.BlockSize(block), x.data_ptr<float>() + at,
                 coefficients, y.data_ptr<float>() + at);
  });
  return y;
}

// Returns the error of rounding a mean to float.
double RoundingError(double mean) { return mean - static_cast<float>(mean); }

// Returns the three wide rows of Coefficients as a tensor (3, width).
at::Tensor MakeCoefficients(const Layout& layout, const at::Tensor& weight, const at::Tensor& bias,
                            const std::vector<double>& mean, const std::vector<double>& deviation) {
  std::vector<double> scale;
  std::vector<double> shift;
  for (size_t c = 0; c < mean.size(); ++c) {
    scale.push_back(weight.data_ptr<float>()[c] / deviation[c]);
    // Corrects the rounding of the mean, with the rounded scale that is applied.
    shift.push_back(bias.data_ptr<float>()[c] -
                    RoundingError(mean[c]) * static_cast<float>(scale[c]));
  }
  at::Tensor coefficients = at::empty({3, layout.width}, at::kFloat);
  auto* to = coefficients.data_ptr<float>();
  const auto add = [&](const std::vector<double>& channels) {
    const std::vector<float> row = Repeat(layout, channels);
    to = std::copy(row.begin(), row.end(), to);
  };
  add(mean);
  add(scale);
  add(shift);
  return coefficients;
}

// Returns pointers into the tensor of MakeCoefficients().
Coefficients CoefficientsIn(const at::Tensor& tensor) {
  const auto* const rows = tensor.data_ptr<float>();
  return {rows, rows + tensor.size(1), rows + 2 * tensor.size(1)};
}

at::Tensor AsTensor(const std::vector<double>& values) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(values.size())}, at::kDouble);
  std::copy(values.begin(), values.end(), tensor.data_ptr<double>());
  return tensor;
}

// Sums over all positions, for each channel.
struct GradientSums {
  std::vector<double> gradient;
  std::vector<double> product;  // of the gradient with the distance from the mean
};

GradientSums SumGradients(const Layout& layout, const at::Tensor& gradient, const at::Tensor& x,
                          const Coefficients& coefficients, bool relu) {
  const auto channels = static_cast<size_t>(layout.channels);
  const auto blocks = static_cast<size_t>(layout.blocks());
  std::vector<float> gradients(blocks * channels);
  std::vector<float> products(blocks * channels);
  ParallelForBlocks(layout, [&](int64_t block) {
    std::vector<float> scratch(static_cast<size_t>(2 * layout.width));
    const int64_t at = block * layout.block;
    const auto to = static_cast<size_t>(block) * channels;
    SumBlockGradients(relu, layout.channels, layout.width, layout.BlockSize(block),
                      gradient.data_ptr<float>() + at, x.data_ptr<float>() + at, coefficients,
                      scratch.data(), &gradients[to], &products[to]);
  });
  GradientSums sums = {std::vector<double>(channels), std::vector<double>(channels)};
  for (size_t i = 0; i < gradients.size(); ++i) {
    sums.gradient[i % channels] += gradients[i];
    sums.product[i % channels] += products[i];
  }
  return sums;
}

// Returns the gradient of x: scale * gradient + slope * (x - mean) + offset, with a slope and an
// offset for each channel.
at::Tensor InputGradient(const Layout& layout, const at::Tensor& gradient, const at::Tensor& x,
                         const Coefficients& coefficients, bool relu,
                         const std::vector<double>& slope, const std::vector<double>& offset) {
  const std::vector<float> wide_slope = Repeat(layout, slope);
  const std::vector<float> wide_offset = Repeat(layout, offset);
  at::Tensor result = at::empty_like(x);
  ParallelForBlocks(layout, [&](int64_t block) {
    const int64_t at = block * layout.block;
    WriteBlockGradient(relu, layout.width, layout.BlockSize(block), gradient.data_ptr<float>() + at,
                       x.data_ptr<float>() + at, coefficients, wide_slope.data(),
                       wide_offset.data(), result.data_ptr<float>() + at);
  });
  return result;
}

class BatchNorm : public torch::autograd::Function<BatchNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, at::Tensor mean, at::Tensor variance,
                            BatchNormOptions options) {
    const Layout layout = LayoutOf(x);
    const Moments moments = ComputeMoments(layout, x.data_ptr<float>());
    const auto count = static_cast<double>(layout.positions());
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
    const at::Tensor coefficients = MakeCoefficients(layout, weight, bias, moments.mean, deviation);
    context->save_for_backward({x, coefficients, AsTensor(moments.mean), AsTensor(deviation)});
    context->saved_data["relu"] = options.relu;
    return Apply(layout, x, CoefficientsIn(coefficients), options.relu);
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor gradient = WithLayoutOf(x, outputs[0]);
    const bool relu = context->saved_data["relu"].toBool();
    const Layout layout = LayoutOf(x);
    const Coefficients coefficients = CoefficientsIn(saved[1]);
    const auto* const mean = saved[2].data_ptr<double>();
    const auto* const deviation = saved[3].data_ptr<double>();
    const GradientSums sums = SumGradients(layout, gradient, x, coefficients, relu);

    // With h = (x - mean) / deviation, the gradient of x is
    //   scale * (gradient - mean(gradient) - h * mean(gradient * h)).
    const at::Tensor weight_gradient = at::empty({layout.channels}, at::kFloat);
    const at::Tensor bias_gradient = at::empty({layout.channels}, at::kFloat);
    const auto count = static_cast<double>(layout.positions());
    std::vector<double> slope(sums.gradient.size());
    std::vector<double> offset(sums.gradient.size());
    for (size_t c = 0; c < slope.size(); ++c) {
      const double sum = sums.gradient[c];
      const double product = sums.product[c] - RoundingError(mean[c]) * sum;
      weight_gradient.data_ptr<float>()[c] = static_cast<float>(product / deviation[c]);
      bias_gradient.data_ptr<float>()[c] = static_cast<float>(sum);
      slope[c] = -coefficients.scale[c] * product / (deviation[c] * deviation[c] * count);
      offset[c] = -coefficients.scale[c] * sum / count - slope[c] * RoundingError(mean[c]);
    }
    at::Tensor result;
    if (context->needs_input_grad(0)) {
      result = InputGradient(layout, gradient, x, coefficients, relu, slope, offset);
    }
    return {result, weight_gradient, bias_gradient, at::Tensor(), at::Tensor(), at::Tensor()};
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

at::Tensor BatchNormInference(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              const at::Tensor& running_mean, const at::Tensor& running_var,
                              const BatchNormOptions& options) {
  std::vector<double> mean;
  std::vector<double> deviation;
  for (int64_t c = 0; c < weight.numel(); ++c) {
    mean.push_back(running_mean.data_ptr<float>()[c]);
    deviation.push_back(std::sqrt(running_var.data_ptr<float>()[c] + options.epsilon));
  }
  const Layout layout = LayoutOf(x);
  const at::Tensor coefficients = MakeCoefficients(layout, weight, bias, mean, deviation);
  return Apply(layout, x, CoefficientsIn(coefficients), options.relu);
}

}  // namespace kur
