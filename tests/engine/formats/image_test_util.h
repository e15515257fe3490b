#ifndef KUR_TESTS_ENGINE_FORMATS_IMAGE_TEST_UTIL_H_
#define KUR_TESTS_ENGINE_FORMATS_IMAGE_TEST_UTIL_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/formats/array.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/image_decoder.h"
#include "engine/formats/npy_reader.h"
#include "tests/engine/data/data_test_util.h"

namespace kur {

// Pictures and Pillow's values of them: see tests/reference/image_cases.py.
inline std::string ImageFile(const std::string& name) { return ReadFixture("images/" + name); }

inline Array Expected(const std::string& name) {
  const std::string content = ImageFile(name + ".npy");
  auto array = ReadNpy(*ByteInput::FromMemory(content));
  EXPECT_TRUE(array.ok()) << array.status();
  return *std::move(array);
}

inline absl::StatusOr<Image> Decode(const std::string& content, int64_t channels = 3) {
  DecodeOptions options;
  options.channels = channels;
  return DecodeImage(content, options);
}

// Returns the greatest absolute difference of a value.
inline int Difference(const Image& image, const Array& expected) {
  EXPECT_THAT(expected.shape(), testing::ElementsAre(image.height, image.width, image.channels));
  if (expected.count() != static_cast<int64_t>(image.pixels.size())) return 256;
  double most = 0;
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    most = std::max(most, std::abs(image.pixels[i] - expected.At(static_cast<int64_t>(i))));
  }
  return static_cast<int>(most);
}

}  // namespace kur

#endif  // KUR_TESTS_ENGINE_FORMATS_IMAGE_TEST_UTIL_H_
