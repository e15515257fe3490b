#include "engine/augmentations/transforms.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace kur {
namespace {

size_t NumValues(const ImageExtents& extents) {
  return static_cast<size_t>(extents.height * extents.width * extents.channels);
}

float Luminance(const float* pixel, int64_t channels) {
  return channels == 3 ? 0.2989f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2] : pixel[0];
}

// A coordinate between the pixels `first` and `first + 1`.
struct Coordinate {
  int64_t first;
  float weight;  // of the second pixel
};

Coordinate SplitCoordinate(double coordinate) {
  const double floor = std::floor(coordinate);
  return {static_cast<int64_t>(floor), static_cast<float>(coordinate - floor)};
}

}  // namespace

void ShiftImage(const ImageExtents& extents, int64_t down, int64_t right, float fill,
                float* image) {
  if (down == 0 && right == 0) return;
  const std::vector<float> from(image, image + NumValues(extents));
  std::fill_n(image, from.size(), fill);
  const int64_t columns = extents.width - std::abs(right);
  if (columns <= 0) return;
  const int64_t row_size = extents.width * extents.channels;
  const int64_t source_column = std::max<int64_t>(-right, 0);
  const int64_t target_column = std::max<int64_t>(right, 0);
  for (int64_t y = std::max<int64_t>(down, 0); y < extents.height + std::min<int64_t>(down, 0);
       ++y) {
    std::copy_n(from.data() + (y - down) * row_size + source_column * extents.channels,
                columns * extents.channels,
                image + y * row_size + target_column * extents.channels);
  }
}

void FlipHorizontally(const ImageExtents& extents, float* image) {
  for (int64_t y = 0; y < extents.height; ++y) {
    float* left = image + y * extents.width * extents.channels;
    float* right = left + (extents.width - 1) * extents.channels;
    for (; left < right; left += extents.channels, right -= extents.channels) {
      std::swap_ranges(left, left + extents.channels, right);
    }
  }
}

void FlipVertically(const ImageExtents& extents, float* image) {
  const int64_t row_size = extents.width * extents.channels;
  float* upper = image;
  float* lower = image + (extents.height - 1) * row_size;
  for (; upper < lower; upper += row_size, lower -= row_size) {
    std::swap_ranges(upper, upper + row_size, lower);
  }
}

void RotateImage(const ImageExtents& extents, double degrees, float fill, float* image) {
  const std::vector<float> from(image, image + NumValues(extents));
  const double angle = degrees * M_PI / 180;
  const double cosine = std::cos(angle);
  const double sine = std::sin(angle);
  const double center_y = static_cast<double>(extents.height - 1) / 2;
  const double center_x = static_cast<double>(extents.width - 1) / 2;
  const auto value = [&](int64_t y, int64_t x, int64_t c) {
    const bool inside = y >= 0 && y < extents.height && x >= 0 && x < extents.width;
    return inside ? from[static_cast<size_t>((y * extents.width + x) * extents.channels + c)]
                  : fill;
  };
  for (int64_t y = 0; y < extents.height; ++y) {
    for (int64_t x = 0; x < extents.width; ++x) {
      // Rows count downward, so that this rotates the source clockwise and the image the other way.
      const double dy = static_cast<double>(y) - center_y;
      const double dx = static_cast<double>(x) - center_x;
      const Coordinate row = SplitCoordinate(center_y + cosine * dy + sine * dx);
      const Coordinate column = SplitCoordinate(center_x + cosine * dx - sine * dy);
      for (int64_t c = 0; c < extents.channels; ++c) {
        const float upper = (1 - column.weight) * value(row.first, column.first, c) +
                            column.weight * value(row.first, column.first + 1, c);
        const float lower = (1 - column.weight) * value(row.first + 1, column.first, c) +
                            column.weight * value(row.first + 1, column.first + 1, c);
        *image++ = (1 - row.weight) * upper + row.weight * lower;
      }
    }
  }
}

void AdjustColor(const ImageExtents& extents, const ColorFactors& factors, float* image) {
  const auto size = static_cast<int64_t>(NumValues(extents));
  double sum = 0;
  for (int64_t i = 0; i < size; i += extents.channels) {
    sum += static_cast<double>(Luminance(image + i, extents.channels));
  }
  const auto mean = factors.brightness *
                    static_cast<float>(sum / static_cast<double>(extents.height * extents.width));
  const float scale = factors.brightness * factors.contrast;
  const float offset = (1 - factors.contrast) * mean;
  for (int64_t i = 0; i < size; ++i) image[i] = scale * image[i] + offset;
  if (factors.saturation == 1 || extents.channels != 3) return;
  for (int64_t i = 0; i < size; i += 3) {
    const float gray = (1 - factors.saturation) * Luminance(image + i, 3);
    for (int64_t c = 0; c < 3; ++c) image[i + c] = factors.saturation * image[i + c] + gray;
  }
}

void FillBox(const ImageExtents& extents, const Box& box, float fill, float* image) {
  const int64_t left = std::clamp<int64_t>(box.left, 0, extents.width);
  const int64_t right = std::clamp<int64_t>(box.left + box.width, 0, extents.width);
  const int64_t bottom = std::min(box.top + box.height, extents.height);
  for (int64_t y = std::max<int64_t>(box.top, 0); y < bottom && left < right; ++y) {
    std::fill_n(image + (y * extents.width + left) * extents.channels,
                (right - left) * extents.channels, fill);
  }
}

}  // namespace kur
