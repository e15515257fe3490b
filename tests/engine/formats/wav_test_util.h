#ifndef KUR_TESTS_ENGINE_FORMATS_WAV_TEST_UTIL_H_
#define KUR_TESTS_ENGINE_FORMATS_WAV_TEST_UTIL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace kur {

// Returns `value` as `count` bytes in little-endian order.
inline std::string Little(uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(value >> 8 * i & 0xff));
  return bytes;
}

struct WavHeader {
  uint16_t format = 1;
  uint16_t channels = 1;
  uint32_t rate = 8000;
  uint16_t bits = 16;
  uint32_t data_bytes = 0;
};

inline std::string Wav(const WavHeader& header, const std::string& data) {
  const int width = header.bits / 8 * header.channels;
  return absl::StrCat("RIFF", Little(36 + header.data_bytes, 4), "WAVEfmt ", Little(16, 4),
                      Little(header.format, 2), Little(header.channels, 2), Little(header.rate, 4),
                      Little(header.rate * static_cast<uint32_t>(width), 4),
                      Little(static_cast<uint64_t>(width), 2), Little(header.bits, 2), "data",
                      Little(header.data_bytes, 4), data);
}

inline std::string Wav(WavHeader header, const std::vector<int16_t>& samples) {
  std::string data;
  for (const int16_t sample : samples) data += Little(static_cast<uint16_t>(sample), 2);
  header.data_bytes = static_cast<uint32_t>(data.size());
  return Wav(header, data);
}

}  // namespace kur

#endif  // KUR_TESTS_ENGINE_FORMATS_WAV_TEST_UTIL_H_
