#include "engine/base/utf8.h"

#include <algorithm>

namespace kur {
namespace {

constexpr char32_t kLastCodePoint = 0x10ffff;

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xc0) == 0x80; }

// Returns the bytes that the first byte of a character announces; 0 if it begins none.
size_t AnnouncedLength(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

// Returns the code point that well-formed or overlong bytes stand for.
char32_t Decode(absl::string_view bytes) {
  const auto lead = static_cast<uint8_t>(bytes[0]);
  char32_t code = bytes.size() == 1 ? lead : lead & (0xffU >> (bytes.size() + 1));
  for (const char byte : bytes.substr(1)) code = code << 6 | (static_cast<uint8_t>(byte) & 0x3fU);
  return code;
}

// Returns the bytes of the character at the front of `text`; 0 if there is none.
size_t CharacterLength(absl::string_view text) {
  const size_t length = AnnouncedLength(static_cast<uint8_t>(text.front()));
  if (length == 0 || length > text.size()) return 0;
  const absl::string_view rest = text.substr(1, length - 1);
  if (!std::all_of(rest.begin(), rest.end(), IsContinuation)) return 0;
  const char32_t code = Decode(text.substr(0, length));
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return overlong || surrogate || code > kLastCodePoint ? 0 : length;
}

}  // namespace

size_t FindInvalidUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = CharacterLength(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return absl::string_view::npos;
}

std::string ToUtf8(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t valid = FindInvalidUtf8(text);
    out.append(text.substr(0, valid).data(), text.substr(0, valid).size());
    if (valid == absl::string_view::npos) break;
    AppendCodePoint(kReplacementCharacter, &out);
    text.remove_prefix(valid + 1);
  }
  return out;
}

absl::string_view LeadingCharacter(absl::string_view text) {
  return text.substr(0, std::max<size_t>(1, CharacterLength(text)));
}

char32_t CodePointOf(absl::string_view character) {
  const bool stray = character.size() == 1 && static_cast<uint8_t>(character[0]) >= 0x80;
  return stray ? kReplacementCharacter : Decode(character);
}

void AppendCodePoint(char32_t code_point, std::string* text) {
  if (code_point < 0x80) {
    text->push_back(static_cast<char>(code_point));
    return;
  }
  const int more = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  const char32_t announcement = more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0;
  text->push_back(static_cast<char>(announcement | code_point >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) {
    text->push_back(static_cast<char>(0x80 | ((code_point >> (6 * i)) & 0x3f)));
  }
}

std::vector<absl::string_view> SplitCharacters(absl::string_view text) {
  std::vector<absl::string_view> characters;
  characters.reserve(text.size());
  while (!text.empty()) {
    characters.push_back(LeadingCharacter(text));
    text.remove_prefix(characters.back().size());
  }
  return characters;
}

int64_t CharacterCount(absl::string_view text) {
  int64_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(LeadingCharacter(text).size());
  return count;
}

absl::string_view CharacterPrefix(absl::string_view text, int64_t count) {
  size_t bytes = 0;
  for (; count > 0 && bytes < text.size(); --count) {
    bytes += LeadingCharacter(text.substr(bytes)).size();
  }
  return text.substr(0, bytes);
}

}  // namespace kur
