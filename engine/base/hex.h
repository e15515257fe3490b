#ifndef KUR_ENGINE_BASE_HEX_H_
#define KUR_ENGINE_BASE_HEX_H_

#include <string>

#include "absl/base/config.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace kur {

// Returns the bytes that hexadecimal digits stand for. Precondition: all are digits, and their
// number is even.
inline std::string HexToBytes(absl::string_view digits) {
#if ABSL_LTS_RELEASE_VERSION >= 20240722
  // The form that returns the bytes is deprecated there, and this one is not known before.
  std::string bytes;
  static_cast<void>(absl::HexStringToBytes(digits, &bytes));
  return bytes;
#else
  return absl::HexStringToBytes(digits);
#endif
}

}  // namespace kur

#endif  // KUR_ENGINE_BASE_HEX_H_
