#ifndef KUR_ENGINE_DATA_COLUMNS_UNICODE_TEXT_H_
#define KUR_ENGINE_DATA_COLUMNS_UNICODE_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace kur {

// Returns a text in the normal form NFC of Unicode, in which most systems but macOS write: an e
// with an accent is one character. What is not UTF-8 is returned as it is.
std::string ComposedText(absl::string_view text);

// Returns the text of a class: ComposedText(), in which 1.0 is 1, as programs write whole numbers
// once a gap has made a column one of fractions.
std::string ClassText(absl::string_view text);

// Returns ComposedText() with capital letters as small ones.
std::string LowerText(absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_UNICODE_TEXT_H_
