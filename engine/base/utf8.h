#ifndef KUR_ENGINE_BASE_UTF8_H_
#define KUR_ENGINE_BASE_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// UTF-8 text. Pure functions, thread-safe. Overlong forms and surrogates are no characters.
namespace kur {

// Returns the index of the first byte that is not part of a valid UTF-8 character; npos if all of
// `text` is valid. Overlong forms and surrogates are invalid.
size_t FindInvalidUtf8(absl::string_view text);

inline bool IsUtf8(absl::string_view text) {
  return FindInvalidUtf8(text) == absl::string_view::npos;
}

// Replaces every byte that is not valid UTF-8 by U+FFFD.
std::string ToUtf8(absl::string_view text);

// The functions below see a text as a sequence of characters, in which a byte that is part of no
// character counts as one of its own.

constexpr char32_t kReplacementCharacter = 0xfffd;

// Returns the bytes of the first character. Precondition: `text` is not empty.
absl::string_view LeadingCharacter(absl::string_view text);

// Returns the code point of one character; kReplacementCharacter for a byte that is none.
char32_t CodePointOf(absl::string_view character);

// Appends the UTF-8 form of a code point.
void AppendCodePoint(char32_t code_point, std::string* text);

// Returns views of every character in turn, which live as long as the text.
std::vector<absl::string_view> SplitCharacters(absl::string_view text);

int64_t CharacterCount(absl::string_view text);

// Returns at most the first `count` characters.
absl::string_view CharacterPrefix(absl::string_view text, int64_t count);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_UTF8_H_
