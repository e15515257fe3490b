#ifndef KUR_ENGINE_FORMATS_IMAGE_DECODER_H_
#define KUR_ENGINE_FORMATS_IMAGE_DECODER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur {

// A picture with 8 bits a channel, in row-major order of (height, width, channels), from the top.
struct Image {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;  // 1: luminance; 3: red, green, blue
  std::vector<uint8_t> pixels;
};

// Limits on files from untrusted authors: a few bytes can ask for gigabytes. Raise a limit for
// larger pictures.
struct ImageLimits {
  int64_t max_pixels = 50'000'000;
  int64_t max_file_bytes = int64_t{256} << 20;
};

struct DecodeOptions {
  int64_t channels = 3;  // 1 or 3; the file is converted
  // Lets a larger JPEG be decoded at 1/2, 1/4 or 1/8 of its size, which takes much less time, as
  // long as both sides stay at least this long. 0: decodes at the original size.
  int64_t min_height = 0;
  int64_t min_width = 0;
  ImageLimits limits;
};

// Decodes a JPEG (by libjpeg) or PNG (by libpng) file in memory to the values that Pillow gives:
// color becomes luminance by ITU-R 601-2, transparency is dropped, the upper 8 of 16 bits count,
// and orientation tags are ignored. DATA_LOSS if the format is another one, or if the file is
// damaged or cut off; RESOURCE_EXHAUSTED beyond a limit. Messages do not name the file.
// Thread-safe.
absl::StatusOr<Image> DecodeImage(absl::string_view content, const DecodeOptions& options = {});

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_IMAGE_DECODER_H_
