#ifndef KUR_ENGINE_AUGMENTATIONS_TRANSFORMS_H_
#define KUR_ENGINE_AUGMENTATIONS_TRANSFORMS_H_

#include <cstdint>

namespace kur {

// The extents of an image; its values are in row-major order of (height, width, channels).
struct ImageExtents {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
};

// All change an image in place and are thread-safe.

// Moves the image by so many pixels down and to the right, either of which may be negative. What
// comes in over the edge is `fill`.
void ShiftImage(const ImageExtents& extents, int64_t down, int64_t right, float fill, float* image);

// Mirrors the image left to right, or upside down.
void FlipHorizontally(const ImageExtents& extents, float* image);
void FlipVertically(const ImageExtents& extents, float* image);

// Turns the image about its center, counterclockwise, by bilinear interpolation. What comes in over
// the edge is `fill`.
void RotateImage(const ImageExtents& extents, double degrees, float fill, float* image);

// Multiplies the image by `brightness`, then moves it away from its mean luminance by the factor
// `contrast`, then each pixel away from its own luminance by `saturation`, as torchvision's
// ColorJitter does, but without cutting values off. Luminance is that of ITU-R 601 for three
// channels; an image of one channel is its own.
struct ColorFactors {
  float brightness = 1;
  float contrast = 1;
  float saturation = 1;
};
void AdjustColor(const ImageExtents& extents, const ColorFactors& factors, float* image);

// Sets the part of a box that lies in the image to `fill`.
struct Box {
  int64_t top = 0;
  int64_t left = 0;
  int64_t height = 0;
  int64_t width = 0;
};
void FillBox(const ImageExtents& extents, const Box& box, float fill, float* image);

}  // namespace kur

#endif  // KUR_ENGINE_AUGMENTATIONS_TRANSFORMS_H_
