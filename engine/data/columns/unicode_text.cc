#include "engine/data/columns/unicode_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "engine/base/utf8.h"

namespace kur {
namespace {

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string ComposedText(absl::string_view text) {
  if (IsAscii(text)) return std::string(text);
  utf8proc_uint8_t* composed = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &composed,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, &std::free);
  if (size < 0) return std::string(text);
  return std::string(reinterpret_cast<const char*>(composed), static_cast<size_t>(size));
}

std::string ClassText(absl::string_view text) {
  const size_t point = text.find('.');
  if (point == absl::string_view::npos || point == 0 || point + 1 == text.size()) {
    return ComposedText(text);
  }
  absl::string_view whole = text.substr(0, point);
  const absl::string_view fraction = text.substr(point + 1);
  absl::string_view digits = whole;
  absl::ConsumePrefix(&digits, "-");
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool is_whole = !digits.empty() && std::all_of(digits.begin(), digits.end(), is_digit) &&
                        (digits == "0" || digits[0] != '0') &&
                        fraction.find_first_not_of('0') == absl::string_view::npos;
  return is_whole ? std::string(whole) : ComposedText(text);
}

std::string LowerText(absl::string_view text) {
  if (IsAscii(text)) return absl::AsciiStrToLower(text);
  const std::string composed = ComposedText(text);
  if (!IsUtf8(composed)) return absl::AsciiStrToLower(composed);
  std::string lower;
  for (const absl::string_view character : SplitCharacters(composed)) {
    AppendCodePoint(static_cast<char32_t>(
                        utf8proc_tolower(static_cast<utf8proc_int32_t>(CodePointOf(character)))),
                    &lower);
  }
  return lower;
}

}  // namespace kur
