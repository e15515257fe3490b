#ifndef KUR_ENGINE_AUGMENTATIONS_TRANSFORMS_H_
#define KUR_ENGINE_AUGMENTATIONS_TRANSFORMS_H_

#include <cstdint>

namespace kur {

// The extents of an image in pixels. Its values are in row-major order: (height, width, channels).
struct ImageExtents {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
};

// Functions that change an image in place. Thread-safe.

// Moves the image by `down` and `right` pixels, which may be negative. Pixels that enter at an edge
// become `fill`.
void ShiftImage(const ImageExtents& extents, int64_t down, int64_t right, float fill, float* image);

// Mirrors the image left to right, or upside down.
void FlipHorizontally(const ImageExtents& extents, float* image);
void FlipVertically(const ImageExtents& extents, float* image);

// Rotates the image about its center, counterclockwise, with bilinear interpolation. Pixels that
// enter at an edge become `fill`.
void RotateImage(const ImageExtents& extents, double degrees, float fill, float* image);

// The factors of AdjustColor(); 1 changes nothing.
struct ColorFactors {
  float brightness = 1;
  float contrast = 1;
  float saturation = 1;
};
// Multiplies the image by `brightness`; then its differences from the mean luminance by `contrast`;
// then the differences of each pixel from the pixel's luminance by `saturation`. Equals
// torchvision's ColorJitter, except that values are not clamped. Luminance is that of ITU-R 601 for
// three channels, and the value itself for one channel.
void AdjustColor(const ImageExtents& extents, const ColorFactors& factors, float* image);

// A rectangle in pixels, which may lie partly outside an image.
struct Box {
  int64_t top = 0;
  int64_t left = 0;
  int64_t height = 0;
  int64_t width = 0;
};
// Sets the part of a box inside the image to `fill`.
void FillBox(const ImageExtents& extents, const Box& box, float fill, float* image);

}  // namespace kur

#endif  // KUR_ENGINE_AUGMENTATIONS_TRANSFORMS_H_
