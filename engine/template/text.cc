#include "engine/template/text.h"

#include <algorithm>
#include <clocale>
#include <cwctype>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "engine/base/utf8.h"

namespace kur::jinja {
namespace {

// Returns the character classes of Unicode, whatever the locale of the process is.
locale_t UnicodeLocale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

char32_t Upper(char32_t c) {
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), UnicodeLocale()));
}
char32_t Lower(char32_t c) {
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), UnicodeLocale()));
}

// Applies `map(code_point, is_first)` to every character; what is no character stays.
template <class Map>
std::string MapCharacters(absl::string_view text, Map map) {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const absl::string_view character = LeadingCharacter(text.substr(at));
    const char32_t c = CodePointOf(character);
    if (c == kReplacementCharacter) {
      absl::StrAppend(&result, character);
    } else {
      AppendCodePoint(map(c, at == 0), &result);
    }
    at += character.size();
  }
  return result;
}

// Writes the one letter in common use whose upper case is two as those.
std::string ExpandSharpS(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"ß", "SS"}});
}

// Returns false for what repr() writes as an escape.
bool IsPrintable(char32_t c) {
  if (c == ' ') return true;
  const bool format = c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
                      (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
  const bool private_use = (c >= 0xE000 && c <= 0xF8FF) || c >= 0xF0000;
  return !IsSpace(c) && !format && !private_use &&
         iswprint_l(static_cast<wint_t>(c), UnicodeLocale()) != 0;
}

// Makes "\x07", "\u200b" or "\U000e0001" of a character.
std::string Escape(char32_t c) {
  const auto code = static_cast<unsigned>(c);
  return c < 0x100     ? absl::StrFormat("\\x%02x", code)
         : c < 0x10000 ? absl::StrFormat("\\u%04x", code)
                       : absl::StrFormat("\\U%08x", code);
}

bool IsLetter(char32_t c) {
  const bool digit = c >= '0' && c <= '9';
  return iswalpha_l(static_cast<wint_t>(c), UnicodeLocale()) != 0 && !digit;
}

}  // namespace

bool IsSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string UpperCase(absl::string_view text) {
  return ExpandSharpS(MapCharacters(text, [](char32_t c, bool) { return Upper(c); }));
}

std::string LowerCase(absl::string_view text) {
  return MapCharacters(text, [](char32_t c, bool) { return Lower(c); });
}

std::string Capitalize(absl::string_view text) {
  return MapCharacters(text, [](char32_t c, bool first) { return first ? Upper(c) : Lower(c); });
}

std::string TitleCase(absl::string_view text) {
  bool in_word = false;
  return MapCharacters(text, [&in_word](char32_t c, bool) {
    const char32_t mapped = in_word ? Lower(c) : Upper(c);
    in_word = IsLetter(c);
    return mapped;
  });
}

std::string TitleWords(absl::string_view text) {
  std::string result;
  bool begins = true;
  for (const absl::string_view character : SplitCharacters(text)) {
    absl::StrAppend(&result, begins ? UpperCase(character) : LowerCase(character));
    begins =
        IsSpace(CodePointOf(character)) || absl::StrContains(absl::string_view("-({[<"), character);
  }
  return result;
}

absl::string_view Strip(absl::string_view text, const std::string* chars, bool left, bool right) {
  const auto stripped = [chars](absl::string_view character) {
    if (chars == nullptr) return IsSpace(CodePointOf(character));
    return absl::StrContains(absl::string_view(*chars), character);
  };
  while (left && !text.empty() && stripped(LeadingCharacter(text))) {
    text.remove_prefix(LeadingCharacter(text).size());
  }
  while (right && !text.empty()) {
    // The last character is the longest of up to 4 bytes that is one as a whole.
    size_t length = std::min<size_t>(4, text.size());
    while (length > 1 && LeadingCharacter(text.substr(text.size() - length)).size() != length) {
      --length;
    }
    if (!stripped(text.substr(text.size() - length))) break;
    text.remove_suffix(length);
  }
  return text;
}

std::vector<absl::string_view> SplitWords(absl::string_view text, int64_t most) {
  std::vector<absl::string_view> words;
  text = Strip(text, nullptr, true, false);
  while (!text.empty() && static_cast<int64_t>(words.size()) < most) {
    size_t size = 0;
    while (size < text.size() && !IsSpace(CodePointOf(LeadingCharacter(text.substr(size))))) {
      size += LeadingCharacter(text.substr(size)).size();
    }
    words.push_back(text.substr(0, size));
    text = Strip(text.substr(size), nullptr, true, false);
  }
  if (!text.empty()) words.push_back(text);
  return words;
}

std::string QuoteText(absl::string_view text) {
  const bool single = !absl::StrContains(text, '\'');
  const bool prefer_double = !single && !absl::StrContains(text, '"');
  const char quote = prefer_double ? '"' : '\'';
  std::string result(1, quote);
  for (const absl::string_view character : SplitCharacters(text)) {
    const char32_t c = CodePointOf(character);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      absl::StrAppend(&result, "\\", character);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      absl::StrAppend(&result, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else {
      const bool as_it_is = c == kReplacementCharacter || IsPrintable(c);
      absl::StrAppend(&result, as_it_is ? std::string(character) : Escape(c));
    }
  }
  result.push_back(quote);
  return result;
}

}  // namespace kur::jinja
