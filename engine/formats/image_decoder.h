#ifndef KUR_ENGINE_FORMATS_IMAGE_DECODER_H_
#define KUR_ENGINE_FORMATS_IMAGE_DECODER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur {

// A picture: 8 bits a channel, rows from the top, in row-major order of (height, width, channels).
struct Image {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;  // 1: luminance; 3: red, green, blue
  std::vector<uint8_t> pixels;
};

// The limits on a file that somebody else made: a few bytes can ask for gigabytes.
struct ImageLimits {
  int64_t max_pixels = 50'000'000;
  int64_t max_file_bytes = int64_t{256} << 20;
};

struct DecodeOptions {
  int64_t channels = 3;  // 1 or 3, whatever the file has
  // A larger JPEG may be decoded at half, a quarter or an eighth of its size, which takes much less
  // time, as long as both sides stay at least so long. 0: at its own size.
  int64_t min_height = 0;
  int64_t min_width = 0;
  ImageLimits limits;
};

// Decodes a JPEG (by libjpeg) or PNG (by libpng) file in memory. Values are those that Pillow
// gives: color becomes luminance by ITU-R 601-2, transparency is left out, of 16 bits the upper 8
// count, orientation tags are not followed. DATA_LOSS if it is neither, damaged or cut off;
// RESOURCE_EXHAUSTED beyond a limit. Messages do not name the file. Thread-safe.
absl::StatusOr<Image> DecodeImage(absl::string_view content, const DecodeOptions& options = {});

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_IMAGE_DECODER_H_
