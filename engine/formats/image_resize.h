#ifndef KUR_ENGINE_FORMATS_IMAGE_RESIZE_H_
#define KUR_ENGINE_FORMATS_IMAGE_RESIZE_H_

#include <array>
#include <cstdint>

#include "engine/formats/image_decoder.h"

namespace kur {

// How to resize an image whose sides have another ratio than requested.
enum class ImageFit {
  kCrop,     // cuts off the excess on two opposite sides
  kStretch,  // keeps the whole image, distorted
  kPad,      // keeps the whole image, between bars
};

// Returns the image at another size, interpolated bilinearly and antialiased when it shrinks, as
// Pillow's Image.resize(..., BILINEAR) after ImageOps.fit() or pad(). `bars` is the color of bars
// by channel, from 0 to 1. Precondition: the extents are positive.
Image Resize(const Image& image, int64_t height, int64_t width, ImageFit fit,
             const std::array<float, 3>& bars = {0, 0, 0});

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_IMAGE_RESIZE_H_
