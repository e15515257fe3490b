#include "engine/formats/pickle/pickle_text.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "engine/base/utf8.h"

namespace kur::pickle {
namespace {

constexpr uint32_t kLastCodePoint = 0x10ffff;

absl::Status BadEscape() { return absl::DataLossError("a string has a malformed escape"); }

// Parses `min_digits` to `max_digits` digits of base 8 or 16 at the front of `text` and removes
// them.
bool ParseDigits(absl::string_view* text, int base, size_t min_digits, size_t max_digits,
                 uint32_t* value) {
  *value = 0;
  size_t count = 0;
  while (count < max_digits && count < text->size()) {
    const auto c = static_cast<unsigned char>((*text)[count]);
    if (!absl::ascii_isxdigit(c) || (base == 8 && (c < '0' || c > '7'))) break;
    const int digit = absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10;
    *value = *value * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
    ++count;
  }
  text->remove_prefix(count);
  return count >= min_digits;
}

// Decodes the rest of an escape after its backslash and removes it from `text`.
bool DecodeEscape(absl::string_view* text, std::string* to) {
  constexpr absl::string_view kNames = "\\'\"abfnrtv";
  constexpr absl::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
  if (text->empty()) return false;
  const char name = text->front();
  uint32_t value = 0;
  const size_t found = kNames.find(name);
  if (found != absl::string_view::npos) {
    text->remove_prefix(1);
    to->push_back(kMeanings[found]);
    return true;
  }
  if (name == 'x') {
    text->remove_prefix(1);
    if (!ParseDigits(text, 16, 2, 2, &value)) return false;
  } else if (!ParseDigits(text, 8, 1, 3, &value)) {
    return false;
  }
  to->push_back(static_cast<char>(value));
  return true;
}

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

}  // namespace

absl::StatusOr<std::string> DecodeRepr(absl::string_view text) {
  if (text.size() < 2 || text.front() != text.back() ||
      (text.front() != '\'' && text.front() != '"')) {
    return absl::DataLossError("a string lacks its quotes");
  }
  text = text.substr(1, text.size() - 2);
  std::string decoded;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      decoded.push_back(c);
    } else if (!DecodeEscape(&text, &decoded)) {
      return BadEscape();
    }
  }
  return decoded;
}

absl::StatusOr<std::string> DecodeRawUnicode(absl::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    const char c = text.front();
    const char escape = c == '\\' && text.size() > 1 ? text[1] : '\0';
    if (escape != 'u' && escape != 'U') {
      AppendCodePoint(static_cast<uint8_t>(c), &decoded);
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(2);
    const size_t digits = escape == 'u' ? 4 : 8;
    uint32_t code = 0;
    if (!ParseDigits(&text, 16, digits, digits, &code) || code > kLastCodePoint) return BadEscape();
    AppendCodePoint(code, &decoded);
  }
  return decoded;
}

std::string Latin1ToUtf8(absl::string_view bytes) {
  std::string text;
  for (const char c : bytes) AppendCodePoint(static_cast<uint8_t>(c), &text);
  return text;
}

absl::StatusOr<std::string> Utf8ToLatin1(absl::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<uint8_t>(text[i]);
    if (lead < 0x80) {
      bytes.push_back(text[i]);
      continue;
    }
    // 0xC2 and 0xC3 lead the characters from U+0080 to U+00FF.
    if ((lead != 0xc2 && lead != 0xc3) || i + 1 == text.size() || !IsContinuation(text[i + 1])) {
      return absl::InvalidArgumentError("a string is to be encoded as Latin-1 but holds more");
    }
    bytes.push_back(static_cast<char>((lead & 0x03) << 6 | (text[++i] & 0x3f)));
  }
  return bytes;
}

}  // namespace kur::pickle
