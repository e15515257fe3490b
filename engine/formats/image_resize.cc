#include "engine/formats/image_resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace kur {
namespace {

// A part of one axis of the source, in pixels, which may begin or end within a pixel.
struct Span {
  double begin = 0;
  double length = 0;
};

// The weights of the source pixels, from `first` on, that make up one target pixel.
struct Kernel {
  int64_t first = 0;
  std::vector<float> weights;  // sum to 1
};

// Returns a triangle over the center of every target pixel, as wide as the larger of a target and a
// source pixel.
std::vector<Kernel> MakeKernels(const Span& span, int64_t source, int64_t target) {
  const double scale = span.length / static_cast<double>(target);
  const double support = std::max(scale, 1.0);
  std::vector<Kernel> kernels(static_cast<size_t>(target));
  for (size_t i = 0; i < kernels.size(); ++i) {
    const double center = span.begin + (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
    const auto last = std::min(source, static_cast<int64_t>(center + support + 0.5));
    double sum = 0;
    std::vector<double> weights;
    for (int64_t x = first; x < last; ++x) {
      const double distance = std::abs(static_cast<double>(x) - center + 0.5) / support;
      weights.push_back(std::max(0.0, 1.0 - distance));
      sum += weights.back();
    }
    kernels[i].first = first;
    for (const double weight : weights) {
      kernels[i].weights.push_back(static_cast<float>(weight / sum));
    }
  }
  return kernels;
}

// Returns an image without pixels, of values like those of `image`.
Image MakeLike(const Image& image, int64_t height, int64_t width) {
  Image result = {height, width, image.channels, {}, image.white};
  result.pixels.resize(static_cast<size_t>(height * width * image.channels));
  return result;
}

uint16_t Round(float value, uint16_t white) {
  return static_cast<uint16_t>(std::clamp(value + 0.5f, 0.0f, static_cast<float>(white)));
}

Image ResampleRows(const Image& image, const std::vector<Kernel>& kernels) {
  const auto channels = static_cast<size_t>(image.channels);
  Image result = MakeLike(image, image.height, static_cast<int64_t>(kernels.size()));
  uint16_t* to = result.pixels.data();
  for (int64_t y = 0; y < image.height; ++y) {
    const uint16_t* const row =
        image.pixels.data() + static_cast<size_t>(y * image.width) * channels;
    for (const Kernel& kernel : kernels) {
      for (size_t c = 0; c < channels; ++c) {
        const uint16_t* from = row + static_cast<size_t>(kernel.first) * channels + c;
        float sum = 0;
        for (const float weight : kernel.weights) {
          sum += weight * static_cast<float>(*from);
          from += channels;
        }
        *to++ = Round(sum, image.white);
      }
    }
  }
  return result;
}

Image ResampleColumns(const Image& image, const std::vector<Kernel>& kernels) {
  const auto row_size = static_cast<size_t>(image.width * image.channels);
  Image result = MakeLike(image, static_cast<int64_t>(kernels.size()), image.width);
  uint16_t* to = result.pixels.data();
  std::vector<float> sums(row_size);
  for (const Kernel& kernel : kernels) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    const uint16_t* from = image.pixels.data() + static_cast<size_t>(kernel.first) * row_size;
    for (const float weight : kernel.weights) {
      for (size_t x = 0; x < row_size; ++x) sums[x] += weight * static_cast<float>(from[x]);
      from += row_size;
    }
    to = std::transform(sums.begin(), sums.end(), to,
                        [&](float sum) { return Round(sum, image.white); });
  }
  return result;
}

// Resamples in two passes, because a bilinear kernel is the product of one kernel for each axis.
Image Resample(const Image& image, const Span& rows, const Span& columns, int64_t height,
               int64_t width) {
  return ResampleColumns(ResampleRows(image, MakeKernels(columns, image.width, width)),
                         MakeKernels(rows, image.height, height));
}

Image Pad(const Image& image, int64_t height, int64_t width, const std::array<float, 3>& bars) {
  Image result = MakeLike(image, height, width);
  const auto channels = static_cast<size_t>(image.channels);
  for (size_t i = 0; i < result.pixels.size(); ++i) {
    result.pixels[i] = Round(bars[i % channels] * static_cast<float>(image.white), image.white);
  }
  const int64_t top = (height - image.height) / 2;
  const int64_t left = (width - image.width) / 2;
  const auto row_size = static_cast<size_t>(image.width * image.channels);
  for (int64_t y = 0; y < image.height; ++y) {
    std::copy_n(image.pixels.data() + static_cast<size_t>(y) * row_size, row_size,
                result.pixels.data() + ((top + y) * width + left) * image.channels);
  }
  return result;
}

}  // namespace

Image Resize(const Image& image, int64_t height, int64_t width, ImageFit fit,
             const std::array<float, 3>& bars) {
  if (image.height == height && image.width == width) return image;
  const auto rows = static_cast<double>(image.height);
  const auto columns = static_cast<double>(image.width);
  const double wider = columns / rows * static_cast<double>(height) / static_cast<double>(width);
  if (fit == ImageFit::kStretch || wider == 1) {
    return Resample(image, {0, rows}, {0, columns}, height, width);
  }
  if (fit == ImageFit::kPad) {
    const auto scaled = [](int64_t extent, double ratio) {
      return std::max<int64_t>(1, std::llround(static_cast<double>(extent) * ratio));
    };
    const int64_t inner_height = wider > 1 ? scaled(height, 1 / wider) : height;
    const int64_t inner_width = wider > 1 ? width : scaled(width, wider);
    return Pad(Resample(image, {0, rows}, {0, columns}, inner_height, inner_width), height, width,
               bars);
  }
  Span source_rows = {0, rows};
  Span source_columns = {0, columns};
  Span& cut = wider > 1 ? source_columns : source_rows;
  const double length = wider > 1 ? columns / wider : rows * wider;
  cut = {(cut.length - length) / 2, length};
  return Resample(image, source_rows, source_columns, height, width);
}

}  // namespace kur
