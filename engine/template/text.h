#ifndef KUR_ENGINE_TEMPLATE_TEXT_H_
#define KUR_ENGINE_TEMPLATE_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// UTF-8 text as Python's methods of strings see it. Pure functions, thread-safe.
namespace kur::jinja {

// Returns whether Python takes a character for white space.
bool IsSpace(char32_t c);

// Each changes the case of single characters; "ß" becomes "SS".
std::string UpperCase(absl::string_view text);
std::string LowerCase(absl::string_view text);
// Makes "Hello world" of "hELLO world".
std::string Capitalize(absl::string_view text);
// Makes "They'Re Bill'S" of "they're bill's", as str.title() does.
std::string TitleCase(absl::string_view text);
// Makes "They're Bill's" of it, as the filter `title` does: a word begins only after white space or
// one of "-({[<".
std::string TitleWords(absl::string_view text);

// Cuts off characters that are in `chars` (white space if `chars` is null) at the ends asked for.
absl::string_view Strip(absl::string_view text, const std::string* chars, bool left, bool right);

// Returns the words between white space; after `most` of them the rest is one.
std::vector<absl::string_view> SplitWords(absl::string_view text, int64_t most);

// Writes a string as repr() does.
std::string QuoteText(absl::string_view text);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_TEXT_H_
