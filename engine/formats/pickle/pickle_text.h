#ifndef KUR_ENGINE_FORMATS_PICKLE_PICKLE_TEXT_H_
#define KUR_ENGINE_FORMATS_PICKLE_PICKLE_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// Decodes the text formats of the pickle protocols. Pure functions, thread-safe.
namespace kur::pickle {

// Decodes the repr() of a Python 2 str, as in 'a\x00\n' with its quotes, to bytes (protocol 0).
absl::StatusOr<std::string> DecodeRepr(absl::string_view text);

// Decodes "raw-unicode-escape", Latin-1 with \uXXXX and \UXXXXXXXX, to UTF-8 (protocol 0).
absl::StatusOr<std::string> DecodeRawUnicode(absl::string_view text);

std::string Latin1ToUtf8(absl::string_view bytes);

// Converts UTF-8 to Latin-1. INVALID_ARGUMENT if a character is beyond Latin-1 or the text is not
// UTF-8.
absl::StatusOr<std::string> Utf8ToLatin1(absl::string_view text);

}  // namespace kur::pickle

#endif  // KUR_ENGINE_FORMATS_PICKLE_PICKLE_TEXT_H_
