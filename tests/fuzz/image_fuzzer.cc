#include <cstddef>
#include <cstdint>

#include "engine/formats/image_decoder.h"
#include "engine/formats/image_resize.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  kur::DecodeOptions options;
  options.limits.max_pixels = 1'000'000;
  options.channels = size % 2 == 0 ? 1 : 3;
  options.min_height = options.min_width = size % 3 == 0 ? 8 : 0;
  const auto image = kur::DecodeImage(input, options);
  if (!image.ok()) return 0;
  const auto values = static_cast<size_t>(image->height * image->width * options.channels);
  if (image->channels != options.channels || image->pixels.size() != values) __builtin_trap();
  for (const kur::ImageFit fit :
       {kur::ImageFit::kCrop, kur::ImageFit::kPad, kur::ImageFit::kStretch}) {
    if (kur::Resize(*image, 5, 7, fit).pixels.size() !=
        35U * values / (image->height * image->width)) {
      __builtin_trap();
    }
  }
  return 0;
}
