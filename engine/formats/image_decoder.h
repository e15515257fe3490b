#ifndef KUR_ENGINE_FORMATS_IMAGE_DECODER_H_
#define KUR_ENGINE_FORMATS_IMAGE_DECODER_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur {

// A picture in row-major order of (height, width, channels), from the top.
struct Image {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;  // 1: luminance; 3: red, green, blue
  std::vector<uint16_t> pixels;
  uint16_t white = 255;  // the largest value of a pixel: 255 or, of 16 bits a channel, 65535
};

// Limits on files from untrusted authors: a few bytes can ask for gigabytes. Raise a limit for
// larger pictures.
struct ImageLimits {
  int64_t max_pixels = 50'000'000;
  int64_t max_file_bytes = int64_t{256} << 20;
};

struct DecodeOptions {
  int64_t channels = 3;  // 1 or 3; the file is converted
  // What shows through where the picture is transparent: red, green and blue, from 0 to 1.
  std::array<float, 3> background = {1, 1, 1};
  // Lets a larger JPEG be decoded at 1/2, 1/4 or 1/8 of its size, which takes much less time, as
  // long as both sides stay at least this long. 0: decodes at the original size.
  int64_t min_height = 0;
  int64_t min_width = 0;
  ImageLimits limits;
};

// Decodes a JPEG (by libjpeg), PNG (by libpng) or WebP (by libwebp) file in memory to the values
// that Pillow gives: color becomes luminance by ITU-R 601-2. 16 bits a channel are kept. The
// picture stands as its Exif orientation says, as people see it everywhere. DATA_LOSS if the format
// is another one, or if the file is damaged or cut off; RESOURCE_EXHAUSTED beyond a limit. Messages
// do not name the file. Thread-safe.
absl::StatusOr<Image> DecodeImage(absl::string_view content, const DecodeOptions& options = {});

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_IMAGE_DECODER_H_
