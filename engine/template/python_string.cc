#include "engine/template/python_string.h"

#include <charconv>
#include <cstdlib>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "engine/base/utf8.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 99;
}

// Reads up to `most` digits of `base`. Returns the number of characters read.
size_t ReadDigits(absl::string_view text, size_t most, int base, char32_t* value) {
  size_t length = 0;
  *value = 0;
  while (length < most && length < text.size() && DigitValue(text[length]) < base) {
    *value = *value * static_cast<char32_t>(base) + static_cast<char32_t>(DigitValue(text[length]));
    ++length;
  }
  return length;
}

// Reads "41" of "\x41", "00e9" of "\u00e9" or "0001F600" of "\U0001F600".
bool ReadHexEscape(absl::string_view text, size_t digits, size_t* length, std::string* result) {
  char32_t c = 0;
  if (ReadDigits(text, digits, 16, &c) != digits) return false;
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return false;
  AppendCodePoint(c, result);
  *length += digits;
  return true;
}

// Returns the length of digits of `base` with single underscores between them, from text[at].
size_t DigitRun(absl::string_view text, size_t at, int base) {
  size_t length = 0;
  while (at + length < text.size()) {
    const char c = text[at + length];
    const bool joins = c == '_' && length > 0 && at + length + 1 < text.size() &&
                       DigitValue(text[at + length + 1]) < base;
    if (!joins && DigitValue(c) >= base) break;
    ++length;
  }
  return length;
}

std::string WithoutUnderscores(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"_", ""}});
}

bool ParseDigits(absl::string_view text, int base, int64_t* value) {
  const std::string digits = WithoutUnderscores(text);
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), *value, base);
  return result.ec == std::errc() && result.ptr == digits.data() + digits.size();
}

double ParseDouble(absl::string_view text) {
  const std::string digits = WithoutUnderscores(text);
  double value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec != std::errc::result_out_of_range) return value;
  // Of a number out of range from_chars leaves nothing; strtod tells too large from too small.
  return std::strtod(digits.c_str(), nullptr);
}

// Returns the base that "0x", "0o" or "0b" stands for; 0 without such a prefix.
int BaseOfPrefix(absl::string_view text) {
  if (absl::StartsWithIgnoreCase(text, "0x")) return 16;
  if (absl::StartsWithIgnoreCase(text, "0o")) return 8;
  return absl::StartsWithIgnoreCase(text, "0b") ? 2 : 0;
}

// Returns the length of the fraction and exponent that follow `at`.
size_t FractionLength(absl::string_view text, size_t at, bool has_digits) {
  size_t end = at;
  if (end < text.size() && text[end] == '.') {
    const size_t fraction = DigitRun(text, end + 1, 10);
    if (fraction > 0 || has_digits) end += 1 + fraction;
    has_digits = has_digits || fraction > 0;
  }
  if (has_digits && end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    size_t digits = end + 1;
    if (digits < text.size() && (text[digits] == '+' || text[digits] == '-')) ++digits;
    const size_t exponent = DigitRun(text, digits, 10);
    if (exponent > 0) end = digits + exponent;
  }
  return end - at;
}

}  // namespace

bool IsNameByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return absl::ascii_isalnum(byte) || c == '_' || byte >= 0x80;
}

bool ResolveEscapes(absl::string_view content, std::string* text) {
  text->clear();
  for (size_t at = 0; at < content.size(); ++at) {
    if (content[at] != '\\') {
      text->push_back(content[at]);
      continue;
    }
    if (++at >= content.size()) return false;
    static constexpr absl::string_view kLetters = "\\'\"abfnrtv";
    static constexpr absl::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
    const char escape = content[at];
    const size_t known = kLetters.find(escape);
    char32_t octal = 0;
    if (known != absl::string_view::npos) {
      text->push_back(kMeanings[known]);
    } else if (escape == '\n') {
      continue;
    } else if (escape == 'x' || escape == 'u' || escape == 'U') {
      const size_t digits = escape == 'x' ? 2 : escape == 'u' ? 4 : 8;
      if (!ReadHexEscape(content.substr(at + 1), digits, &at, text)) return false;
    } else if (escape == 'N') {
      return false;
    } else if (const size_t digits = ReadDigits(content.substr(at), 3, 8, &octal); digits > 0) {
      AppendCodePoint(octal, text);
      at += digits - 1;
    } else {
      text->push_back('\\');
      text->push_back(escape);
    }
  }
  return true;
}

PythonNumber ReadNumber(absl::string_view text) {
  PythonNumber result;
  if (const int base = BaseOfPrefix(text); base != 0) {
    const size_t begin = absl::StartsWith(text.substr(2), "_") ? 3 : 2;
    const size_t digits = DigitRun(text, begin, base);
    if (digits == 0) return result;
    result.length = begin + digits;
    result.overflow = !ParseDigits(text.substr(begin, digits), base, &result.integer);
    return result;
  }
  const size_t digits = DigitRun(text, 0, 10);
  const size_t fraction = FractionLength(text, digits, digits > 0);
  result.length = digits + fraction;
  result.is_float = fraction > 0;
  if (result.length == 0) return result;
  const absl::string_view number = text.substr(0, result.length);
  if (result.is_float) {
    result.number = ParseDouble(number);
    return result;
  }
  // "007" is no number of Python's, "00" is.
  const bool zeros = WithoutUnderscores(number).find_first_not_of('0') == std::string::npos;
  if (number[0] == '0' && !zeros) {
    result.length = 0;
    return result;
  }
  result.overflow = !ParseDigits(number, 10, &result.integer);
  return result;
}

bool ReadInteger(absl::string_view text, int64_t* value) {
  text = Strip(text, nullptr, true, true);
  const bool negative = absl::ConsumePrefix(&text, "-");
  if (!negative) absl::ConsumePrefix(&text, "+");
  if (text.empty() || DigitRun(text, 0, 10) != text.size()) return false;
  return ParseDigits(absl::StrCat(negative ? "-" : "", text), 10, value);
}

bool ReadFloat(absl::string_view text, double* value) {
  text = Strip(text, nullptr, true, true);
  const bool negative = absl::ConsumePrefix(&text, "-");
  if (!negative) absl::ConsumePrefix(&text, "+");
  if (text.empty()) return false;
  if (absl::EqualsIgnoreCase(text, "inf") || absl::EqualsIgnoreCase(text, "infinity")) {
    *value = std::numeric_limits<double>::infinity();
  } else if (absl::EqualsIgnoreCase(text, "nan")) {
    *value = std::numeric_limits<double>::quiet_NaN();
  } else {
    const size_t digits = DigitRun(text, 0, 10);
    if (digits + FractionLength(text, digits, digits > 0) != text.size()) return false;
    *value = ParseDouble(text);
  }
  if (negative) *value = -*value;
  return true;
}

}  // namespace kur::jinja
