#include "engine/formats/image_resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace kur {
namespace {

// A part of one axis of the source, in pixels; may begin within one.
struct Span {
  double begin = 0;
  double length = 0;
};

// Which source pixels, from `first` on, make up one target pixel, and how much of each.
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;  // of sum 1
};

// A triangle over every target pixel's center, as wide as a target pixel is in the source, or as a
// source pixel where that is wider.
std::vector<Taps> MakeTaps(const Span& span, int64_t source, int64_t target) {
  const double scale = span.length / static_cast<double>(target);
  const double support = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<size_t>(target));
  for (size_t i = 0; i < taps.size(); ++i) {
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
    taps[i].first = first;
    for (const double weight : weights) {
      taps[i].weights.push_back(static_cast<float>(weight / sum));
    }
  }
  return taps;
}

uint8_t Round(float value) { return static_cast<uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f)); }

Image ResampleRows(const Image& image, const std::vector<Taps>& taps) {
  const auto channels = static_cast<size_t>(image.channels);
  Image result = {image.height, static_cast<int64_t>(taps.size()), image.channels, {}};
  result.pixels.resize(static_cast<size_t>(result.height * result.width) * channels);
  uint8_t* to = result.pixels.data();
  for (int64_t y = 0; y < image.height; ++y) {
    const uint8_t* const row =
        image.pixels.data() + static_cast<size_t>(y * image.width) * channels;
    for (const Taps& tap : taps) {
      for (size_t c = 0; c < channels; ++c) {
        const uint8_t* from = row + static_cast<size_t>(tap.first) * channels + c;
        float sum = 0;
        for (const float weight : tap.weights) {
          sum += weight * static_cast<float>(*from);
          from += channels;
        }
        *to++ = Round(sum);
      }
    }
  }
  return result;
}

Image ResampleColumns(const Image& image, const std::vector<Taps>& taps) {
  const auto row_size = static_cast<size_t>(image.width * image.channels);
  Image result = {static_cast<int64_t>(taps.size()), image.width, image.channels, {}};
  result.pixels.resize(taps.size() * row_size);
  uint8_t* to = result.pixels.data();
  std::vector<float> sums(row_size);
  for (const Taps& tap : taps) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    const uint8_t* from = image.pixels.data() + static_cast<size_t>(tap.first) * row_size;
    for (const float weight : tap.weights) {
      for (size_t x = 0; x < row_size; ++x) sums[x] += weight * static_cast<float>(from[x]);
      from += row_size;
    }
    to = std::transform(sums.begin(), sums.end(), to, Round);
  }
  return result;
}

// Two passes, as a bilinear kernel is the product of one for each axis.
Image Resample(const Image& image, const Span& rows, const Span& columns, int64_t height,
               int64_t width) {
  return ResampleColumns(ResampleRows(image, MakeTaps(columns, image.width, width)),
                         MakeTaps(rows, image.height, height));
}

Image Pad(const Image& image, int64_t height, int64_t width) {
  Image result = {height, width, image.channels, {}};
  result.pixels.resize(static_cast<size_t>(height * width * image.channels), 0);
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

Image Resize(const Image& image, int64_t height, int64_t width, ImageFit fit) {
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
    return Pad(Resample(image, {0, rows}, {0, columns}, inner_height, inner_width), height, width);
  }
  Span taken_rows = {0, rows};
  Span taken_columns = {0, columns};
  Span& cut = wider > 1 ? taken_columns : taken_rows;
  const double length = wider > 1 ? columns / wider : rows * wider;
  cut = {(cut.length - length) / 2, length};
  return Resample(image, taken_rows, taken_columns, height, width);
}

}  // namespace kur
