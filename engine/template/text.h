#ifndef KUR_ENGINE_TEMPLATE_TEXT_H_
#define KUR_ENGINE_TEMPLATE_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// UTF-8 text as Python sees it: a sequence of characters (code points). A byte that belongs to no
// valid character counts as one of its own and is kept as it is. Pure functions, thread-safe.
namespace kur::jinja {

// The bytes of the first character of a text that is not empty.
absl::string_view FirstCharacter(absl::string_view text);

// The code point of one character; U+FFFD for a byte that is none.
char32_t CodePoint(absl::string_view character);

void AppendCodePoint(char32_t code_point, std::string* text);

// Views of every character in turn.
std::vector<absl::string_view> Characters(absl::string_view text);

int64_t CharacterCount(absl::string_view text);

// At most the first `count` characters.
absl::string_view CharacterPrefix(absl::string_view text, int64_t count);

// As Python classifies characters.
bool IsSpace(char32_t c);
bool IsDigit(char32_t c);
bool IsLetter(char32_t c);
bool IsUpper(char32_t c);
bool IsLower(char32_t c);
// False for what repr() writes as an escape.
bool IsPrintable(char32_t c);

// Case by single characters, and "ß" becomes "SS".
std::string UpperCase(absl::string_view text);
std::string LowerCase(absl::string_view text);
std::string SwapCase(absl::string_view text);
// "hELLO world" -> "Hello world".
std::string Capitalize(absl::string_view text);
// "they're bill's" -> "They'Re Bill'S", as str.title() does.
std::string TitleCase(absl::string_view text);

// Cuts off characters that are in `chars` (white space if `chars` is null) at the ends asked for.
absl::string_view Strip(absl::string_view text, const std::string* chars, bool left, bool right);

// Words between white space.
std::vector<absl::string_view> SplitWords(absl::string_view text);

// Lines without their ends; no empty line after a last line end.
std::vector<absl::string_view> SplitLines(absl::string_view text, bool keep_ends = false);

// A string as Python's repr() writes it.
std::string QuoteText(absl::string_view text);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_TEXT_H_
