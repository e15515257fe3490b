#ifndef KUR_ENGINE_BASE_BYTE_TEXT_H_
#define KUR_ENGINE_BASE_BYTE_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_format.h"

namespace kur {

// Formats a number of bytes as people speak of memory: "1.5 GiB".
inline std::string GibText(int64_t bytes) {
  constexpr double kGib = int64_t{1} << 30;
  return absl::StrFormat("%.1f GiB", static_cast<double>(bytes) / kGib);
}

}  // namespace kur

#endif  // KUR_ENGINE_BASE_BYTE_TEXT_H_
