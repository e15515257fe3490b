#ifndef KUR_ENGINE_BASE_UTF8_H_
#define KUR_ENGINE_BASE_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace kur {

// Returns the index of the first byte that is not part of a valid UTF-8 character; npos if all of
// `text` is valid. Overlong forms and surrogates are invalid.
size_t FindInvalidUtf8(absl::string_view text);

inline bool IsUtf8(absl::string_view text) {
  return FindInvalidUtf8(text) == absl::string_view::npos;
}

// Replaces every byte that is not valid UTF-8 by U+FFFD.
std::string ToUtf8(absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_UTF8_H_
