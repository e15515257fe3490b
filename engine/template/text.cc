#include "engine/template/text.h"

#include <clocale>
#include <cwctype>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace kur::jinja {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// The character classes of Unicode, whatever the locale of the process is.
locale_t UnicodeLocale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The length that a first byte announces; 0 for a byte that starts no character.
size_t AnnouncedLength(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

char32_t Decode(absl::string_view bytes) {
  constexpr unsigned char kFirstBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t code_point = static_cast<unsigned char>(bytes[0]) & kFirstBits[bytes.size()];
  for (size_t i = 1; i < bytes.size(); ++i) {
    code_point = (code_point << 6) | (static_cast<unsigned char>(bytes[i]) & 0x3F);
  }
  return code_point;
}

// True for a sequence of the announced length that is the shortest form of a real character.
bool IsWellFormed(absl::string_view bytes) {
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  for (size_t i = 1; i < bytes.size(); ++i) {
    if (!IsContinuation(bytes[i])) return false;
  }
  const char32_t code_point = Decode(bytes);
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  return code_point >= kSmallest[bytes.size()] && code_point <= 0x10FFFF && !surrogate;
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
    const absl::string_view character = FirstCharacter(text.substr(at));
    const char32_t c = CodePoint(character);
    if (c == kReplacement) {
      absl::StrAppend(&result, character);
    } else {
      AppendCodePoint(map(c, at == 0), &result);
    }
    at += character.size();
  }
  return result;
}

// The one letter in common use whose upper case is two.
std::string ExpandSharpS(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"ß", "SS"}});
}

bool IsLineEnd(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

}  // namespace

absl::string_view FirstCharacter(absl::string_view text) {
  const size_t length = AnnouncedLength(static_cast<unsigned char>(text[0]));
  if (length <= 1 || length > text.size()) return text.substr(0, 1);
  return IsWellFormed(text.substr(0, length)) ? text.substr(0, length) : text.substr(0, 1);
}

char32_t CodePoint(absl::string_view character) {
  if (character.size() == 1 && static_cast<unsigned char>(character[0]) >= 0x80) {
    return kReplacement;
  }
  return Decode(character);
}

void AppendCodePoint(char32_t c, std::string* text) {
  const auto byte = [text](char32_t value) { text->push_back(static_cast<char>(value)); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | (c >> 6));
    byte(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    byte(0xE0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3F));
    byte(0x80 | (c & 0x3F));
  } else {
    byte(0xF0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3F));
    byte(0x80 | ((c >> 6) & 0x3F));
    byte(0x80 | (c & 0x3F));
  }
}

std::vector<absl::string_view> Characters(absl::string_view text) {
  std::vector<absl::string_view> characters;
  characters.reserve(text.size());
  while (!text.empty()) {
    characters.push_back(FirstCharacter(text));
    text.remove_prefix(characters.back().size());
  }
  return characters;
}

int64_t CharacterCount(absl::string_view text) {
  int64_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(FirstCharacter(text).size());
  return count;
}

absl::string_view CharacterPrefix(absl::string_view text, int64_t count) {
  size_t bytes = 0;
  for (; count > 0 && bytes < text.size(); --count) {
    bytes += FirstCharacter(text.substr(bytes)).size();
  }
  return text.substr(0, bytes);
}

bool IsSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }

bool IsLetter(char32_t c) {
  return iswalpha_l(static_cast<wint_t>(c), UnicodeLocale()) != 0 && !IsDigit(c);
}
bool IsUpper(char32_t c) { return iswupper_l(static_cast<wint_t>(c), UnicodeLocale()) != 0; }
bool IsLower(char32_t c) { return iswlower_l(static_cast<wint_t>(c), UnicodeLocale()) != 0; }

bool IsPrintable(char32_t c) {
  if (c == ' ') return true;
  const bool format = c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
                      (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
  const bool private_use = (c >= 0xE000 && c <= 0xF8FF) || c >= 0xF0000;
  return !IsSpace(c) && !format && !private_use &&
         iswprint_l(static_cast<wint_t>(c), UnicodeLocale()) != 0;
}

std::string UpperCase(absl::string_view text) {
  return ExpandSharpS(MapCharacters(text, [](char32_t c, bool) { return Upper(c); }));
}

std::string LowerCase(absl::string_view text) {
  return MapCharacters(text, [](char32_t c, bool) { return Lower(c); });
}

std::string SwapCase(absl::string_view text) {
  return ExpandSharpS(
      MapCharacters(text, [](char32_t c, bool) { return IsUpper(c) ? Lower(c) : Upper(c); }));
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

absl::string_view Strip(absl::string_view text, const std::string* chars, bool left, bool right) {
  const auto stripped = [chars](absl::string_view character) {
    if (chars == nullptr) return IsSpace(CodePoint(character));
    return absl::StrContains(absl::string_view(*chars), character);
  };
  while (left && !text.empty() && stripped(FirstCharacter(text))) {
    text.remove_prefix(FirstCharacter(text).size());
  }
  while (right && !text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && text.size() - begin < 4 && IsContinuation(text[begin])) --begin;
    if (FirstCharacter(text.substr(begin)).size() != text.size() - begin) begin = text.size() - 1;
    if (!stripped(text.substr(begin))) break;
    text = text.substr(0, begin);
  }
  return text;
}

std::vector<absl::string_view> SplitWords(absl::string_view text) {
  std::vector<absl::string_view> words;
  size_t begin = 0;
  for (size_t at = 0; at <= text.size();) {
    const absl::string_view character =
        at < text.size() ? FirstCharacter(text.substr(at)) : absl::string_view();
    const bool boundary = character.empty() || IsSpace(CodePoint(character));
    if (boundary && at > begin) words.push_back(text.substr(begin, at - begin));
    at += character.empty() ? 1 : character.size();
    if (boundary) begin = at;
  }
  return words;
}

std::vector<absl::string_view> SplitLines(absl::string_view text, bool keep_ends) {
  std::vector<absl::string_view> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const absl::string_view character = FirstCharacter(text.substr(at));
    const size_t end = at;
    at += character.size();
    if (!IsLineEnd(CodePoint(character))) continue;
    if (text[end] == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.push_back(text.substr(begin, (keep_ends ? at : end) - begin));
    begin = at;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::string QuoteText(absl::string_view text) {
  const bool single = !absl::StrContains(text, '\'');
  const bool prefer_double = !single && !absl::StrContains(text, '"');
  const char quote = prefer_double ? '"' : '\'';
  std::string result(1, quote);
  for (size_t at = 0; at < text.size();) {
    const absl::string_view character = FirstCharacter(text.substr(at));
    at += character.size();
    const char32_t c = CodePoint(character);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      absl::StrAppend(&result, "\\", character);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      absl::StrAppend(&result, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else if (c == kReplacement || IsPrintable(c)) {
      absl::StrAppend(&result, character);
    } else if (c < 0x100) {
      absl::StrAppendFormat(&result, "\\x%02x", static_cast<unsigned>(c));
    } else if (c < 0x10000) {
      absl::StrAppendFormat(&result, "\\u%04x", static_cast<unsigned>(c));
    } else {
      absl::StrAppendFormat(&result, "\\U%08x", static_cast<unsigned>(c));
    }
  }
  result.push_back(quote);
  return result;
}

}  // namespace kur::jinja
