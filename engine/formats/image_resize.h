#ifndef KUR_ENGINE_FORMATS_IMAGE_RESIZE_H_
#define KUR_ENGINE_FORMATS_IMAGE_RESIZE_H_

#include <cstdint>

#include "engine/formats/image_decoder.h"

namespace kur {

// What becomes of an image whose sides are in another proportion than those that are asked for.
enum class ImageFit {
  kCrop,     // what is too much on two opposite sides is cut off
  kStretch,  // all of it is seen, distorted
  kPad,      // all of it is seen, between black bars
};

// The image at another size: bilinear, and where it becomes smaller over all pixels that fall
// together (antialiased), as Pillow's Image.resize(..., BILINEAR) after ImageOps.fit() and pad().
// Precondition: the extents are positive.
Image Resize(const Image& image, int64_t height, int64_t width, ImageFit fit);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_IMAGE_RESIZE_H_
