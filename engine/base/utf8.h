#ifndef KUR_ENGINE_BASE_UTF8_H_
#define KUR_ENGINE_BASE_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace kur {

// Where the first byte stands that is part of no UTF-8 character (overlong forms and surrogates are
// none); npos if all of `text` is UTF-8.
size_t FindInvalidUtf8(absl::string_view text);

inline bool IsUtf8(absl::string_view text) {
  return FindInvalidUtf8(text) == absl::string_view::npos;
}

// `text` with U+FFFD in the place of every byte that is no UTF-8.
std::string ToUtf8(absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_UTF8_H_
