#include "engine/base/utf8.h"

#include <cstdint>

namespace kur {
namespace {

constexpr uint32_t kLastCodePoint = 0x10ffff;

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xc0) == 0x80; }

// Returns the length in bytes of the character at the start of `text`; 0 if that is invalid.
size_t CharacterLength(absl::string_view text) {
  const auto lead = static_cast<uint8_t>(text.front());
  const size_t length = lead < 0x80   ? 1
                        : lead < 0xc2 ? 0
                        : lead < 0xe0 ? 2
                        : lead < 0xf0 ? 3
                        : lead < 0xf5 ? 4
                                      : 0;
  if (length == 0 || length > text.size()) return 0;
  uint32_t code = length == 1 ? lead : lead & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
    code = code << 6 | (static_cast<uint8_t>(text[i]) & 0x3fU);
  }
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
    out += "\xef\xbf\xbd";
    text.remove_prefix(valid + 1);
  }
  return out;
}

}  // namespace kur
