#include "engine/template/format.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/template/text.h"
#include "engine/template/text_functions.h"

namespace kur::jinja {
namespace {

constexpr int64_t kMostPrecision = 1000;

std::string GroupThousands(const std::string& digits) {
  size_t whole = 0;
  while (whole < digits.size() && absl::ascii_isdigit(static_cast<unsigned char>(digits[whole]))) {
    ++whole;
  }
  std::string result;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i < whole && (whole - i) % 3 == 0) result += ',';
    result += digits[i];
  }
  return result;
}

// The sign, then "0x" and the like, then the digits: padding may go between.
absl::StatusOr<Object> PadNumber(Runtime* runtime, const Format& format, const std::string& prefix,
                                 const std::string& digits) {
  const char usual = format.zero ? '=' : '>';
  const char alignment = format.alignment == 0 ? usual : format.alignment;
  if (alignment == '=') {
    KUR_ASSIGN_OR_RETURN(
        const Object padded,
        PadText(runtime, digits, format.width - static_cast<int64_t>(prefix.size()), format.fill,
                TextAlignment::kRight));
    return runtime->Text(prefix + padded.as_string());
  }
  const auto side = alignment == '<'   ? TextAlignment::kLeft
                    : alignment == '^' ? TextAlignment::kMiddle
                                       : TextAlignment::kRight;
  return PadText(runtime, prefix + digits, format.width, format.fill, side);
}

std::string SignOf(const Format& format, bool negative) {
  if (negative) return "-";
  return format.sign == '+' || format.sign == ' ' ? std::string(1, format.sign) : "";
}

// Without a type a float is written as str() writes it, or with so many significant digits.
std::string DefaultDigits(double magnitude, int64_t precision) {
  if (precision < 0) return FormatFloat(magnitude);
  std::string digits =
      absl::StrFormat("%.*g", static_cast<int>(std::max<int64_t>(precision, 1)), magnitude);
  if (digits.find_first_not_of("0123456789") == std::string::npos) digits += ".0";
  return digits;
}

}  // namespace

int64_t TakeDigits(absl::string_view* text) {
  int64_t value = -1;
  while (!text->empty() && absl::ascii_isdigit(static_cast<unsigned char>((*text)[0]))) {
    value = std::min<int64_t>(std::max<int64_t>(value, 0) * 10 + ((*text)[0] - '0'), INT32_MAX);
    text->remove_prefix(1);
  }
  return value;
}

bool TakeOneOf(absl::string_view* text, absl::string_view characters, char* taken) {
  if (text->empty() || !absl::StrContains(characters, (*text)[0])) return false;
  *taken = (*text)[0];
  text->remove_prefix(1);
  return true;
}

absl::StatusOr<Object> FormatInteger(Runtime* runtime, const Format& format, int64_t value) {
  const bool negative = value < 0;
  const uint64_t magnitude =
      negative ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::string digits, prefix;
  switch (format.type) {
    case 'x':
      digits = absl::StrFormat("%x", magnitude);
      prefix = "0x";
      break;
    case 'X':
      digits = absl::StrFormat("%X", magnitude);
      prefix = "0X";
      break;
    case 'o':
      digits = absl::StrFormat("%o", magnitude);
      prefix = "0o";
      break;
    case 'b':
      for (uint64_t rest = magnitude; rest != 0; rest >>= 1) digits.push_back("01"[rest & 1]);
      std::reverse(digits.begin(), digits.end());
      if (digits.empty()) digits = "0";
      prefix = "0b";
      break;
    default:
      digits = absl::StrCat(magnitude);
      break;
  }
  if (format.precision > static_cast<int64_t>(digits.size())) {
    digits.insert(0, static_cast<size_t>(format.precision) - digits.size(), '0');
  }
  if (format.thousands) digits = GroupThousands(digits);
  return PadNumber(runtime, format, SignOf(format, negative) + (format.alternate ? prefix : ""),
                   digits);
}

absl::StatusOr<Object> FormatDouble(Runtime* runtime, const Format& format, double value) {
  const bool negative = std::signbit(value) && !std::isnan(value);
  const double magnitude = std::fabs(value);
  const int precision = static_cast<int>(format.precision < 0 ? 6 : format.precision);
  std::string digits;
  switch (format.type) {
    case 'e':
      digits = absl::StrFormat("%.*e", precision, magnitude);
      break;
    case 'E':
      digits = absl::StrFormat("%.*E", precision, magnitude);
      break;
    case 'f':
      digits = absl::StrFormat("%.*f", precision, magnitude);
      break;
    case 'F':
      digits = absl::StrFormat("%.*F", precision, magnitude);
      break;
    case 'g':
      digits = absl::StrFormat("%.*g", precision, magnitude);
      break;
    case 'G':
      digits = absl::StrFormat("%.*G", precision, magnitude);
      break;
    case '%':
      digits = absl::StrFormat("%.*f%%", precision, magnitude * 100);
      break;
    default:
      digits = DefaultDigits(magnitude, format.precision);
      break;
  }
  if (format.thousands) digits = GroupThousands(digits);
  return PadNumber(runtime, format, SignOf(format, negative), digits);
}

absl::StatusOr<Object> FormatText(Runtime* runtime, const Format& format, absl::string_view text) {
  if (format.precision >= 0) text = CharacterPrefix(text, format.precision);
  const auto side = format.alignment == '>'   ? TextAlignment::kRight
                    : format.alignment == '^' ? TextAlignment::kMiddle
                                              : TextAlignment::kLeft;
  if (format.alignment == '=') return Fail("'=' aligns numbers only");
  return PadText(runtime, text, format.width, format.fill, side);
}

absl::Status CheckPrecision(const Format& format) {
  if (format.precision <= kMostPrecision) return absl::OkStatus();
  return Fail("a precision of more than ", kMostPrecision, " is too large");
}

}  // namespace kur::jinja
