// Formats "%5.2f" % x.

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/template/operators.h"

namespace kur::jinja {
namespace {

// More than any number has digits.
constexpr int64_t kMostPrecision = 1000;

constexpr absl::string_view kIntegerTypes = "diuxXo";
constexpr absl::string_view kFloatTypes = "eEfFgG";

// "%(key)-05.2f".
struct Format {
  bool has_key = false;
  std::string key;
  bool at_left = false, zeros = false;
  std::string sign;  // of what is not negative: "+", " " or nothing
  int64_t width = 0;
  int64_t precision = -1;  // negative if there is none
  char type = 0;
};

// Consumes the first character of `text` if it is one of `characters`.
bool ConsumeOneOf(absl::string_view* text, absl::string_view characters, char* consumed) {
  if (text->empty() || !absl::StrContains(characters, (*text)[0])) return false;
  *consumed = (*text)[0];
  text->remove_prefix(1);
  return true;
}

// Consumes a number at the start of `text`; 0 if there is none, and no more than INT32_MAX.
int64_t ConsumeDigits(absl::string_view* text) {
  int64_t value = 0;
  for (char digit = 0; ConsumeOneOf(text, "0123456789", &digit);) {
    value = std::min<int64_t>(value * 10 + (digit - '0'), INT32_MAX);
  }
  return value;
}

// Consumes what follows a "%".
absl::StatusOr<Format> ConsumeFormat(absl::string_view* text) {
  Format format;
  char consumed = 0;
  if (ConsumeOneOf(text, "(", &consumed)) {
    const size_t end = text->find(')');
    if (end == absl::string_view::npos) return Fail("a '%(' in a format is not closed");
    format.has_key = true;
    format.key = std::string(text->substr(0, end));
    text->remove_prefix(end + 1);
  }
  while (ConsumeOneOf(text, "-+ 0", &consumed)) {
    if (consumed == '-') format.at_left = true;
    if (consumed == '0') format.zeros = true;
    if (consumed == '+' || (consumed == ' ' && format.sign.empty()))
      format.sign = std::string(1, consumed);
  }
  format.width = ConsumeDigits(text);
  if (ConsumeOneOf(text, ".", &consumed)) format.precision = ConsumeDigits(text);
  if (format.precision > kMostPrecision) {
    return Fail("a precision of more than ", kMostPrecision, " is too large");
  }
  if (ConsumeOneOf(text, absl::StrCat(kIntegerTypes, kFloatTypes, "sr%"), &format.type)) {
    return format;
  }
  if (text->empty()) return Fail("a format ends with an incomplete '%'");
  return Fail("a format has '%", LeadingCharacter(*text), "', which is none of %d %i %u %x %X %o ",
              "%e %E %f %F %g %G %s %r %%");
}

// Puts `digits` behind the sign, filled up to the width.
std::string PadNumber(const Format& format, bool negative, const std::string& digits) {
  const std::string sign = negative ? "-" : format.sign;
  const auto length = static_cast<int64_t>(sign.size() + digits.size());
  const auto missing = static_cast<size_t>(std::max<int64_t>(0, format.width - length));
  if (format.at_left) return absl::StrCat(sign, digits, std::string(missing, ' '));
  if (format.zeros) return absl::StrCat(sign, std::string(missing, '0'), digits);
  return absl::StrCat(std::string(missing, ' '), sign, digits);
}

std::string FormatInteger(const Format& format, int64_t value) {
  const bool negative = value < 0;
  const uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(value) : value;
  std::string digits = format.type == 'x'   ? absl::StrFormat("%x", magnitude)
                       : format.type == 'X' ? absl::StrFormat("%X", magnitude)
                       : format.type == 'o' ? absl::StrFormat("%o", magnitude)
                                            : absl::StrCat(magnitude);
  const int64_t missing = format.precision - static_cast<int64_t>(digits.size());
  digits.insert(0, static_cast<size_t>(std::max<int64_t>(0, missing)), '0');
  return PadNumber(format, negative, digits);
}

std::string FormatDouble(const Format& format, double value) {
  const int precision = static_cast<int>(format.precision < 0 ? 6 : format.precision);
  const double magnitude = std::fabs(value);
  const std::string conversion = {'%', '.', '*', format.type};
  std::string digits;
  static_cast<void>(absl::FormatUntyped(&digits, absl::UntypedFormatSpec(conversion),
                                        {absl::FormatArg(precision), absl::FormatArg(magnitude)}));
  return PadNumber(format, std::signbit(value) && !std::isnan(value), digits);
}

std::string FormatText(const Format& format, absl::string_view text) {
  if (format.precision >= 0) text = CharacterPrefix(text, format.precision);
  const int64_t missing = std::max<int64_t>(0, format.width - CharacterCount(text));
  const std::string blanks(static_cast<size_t>(missing), ' ');
  return format.at_left ? absl::StrCat(text, blanks) : absl::StrCat(blanks, text);
}

absl::StatusOr<std::string> FormatValue(Runtime* runtime, const Format& format,
                                        const Object& value) {
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(value));
  KUR_RETURN_IF_ERROR(runtime->budget().MakeText(format.width));
  if (format.type == 's' || format.type == 'r') {
    KUR_ASSIGN_OR_RETURN(const std::string text,
                         format.type == 's' ? Print(runtime, value) : Repr(runtime, value));
    return FormatText(format, text);
  }
  const std::string conversion = {'%', format.type};
  if (!value.is_number()) {
    return Fail("'", conversion, "' formats a number, not ", KindOf(value));
  }
  if (absl::StrContains(kFloatTypes, format.type)) return FormatDouble(format, value.as_float());
  if (!value.is_float()) return FormatInteger(format, value.as_int());
  if (absl::StrContains(absl::string_view("xXo"), format.type)) {
    return Fail("'", conversion, "' formats an integer, not a float");
  }
  KUR_ASSIGN_OR_RETURN(const int64_t integer, Truncate(value.as_float()));
  return FormatInteger(format, integer);
}

// The arguments of a format, one after the other or by key. Not thread-safe.
class FormatArguments {
 public:
  FormatArguments(Runtime* runtime, const Object& arguments)
      : runtime_(*runtime),
        arguments_(arguments),
        size_(arguments.is_tuple() ? arguments.as_sequence().size() : 1) {}

  absl::StatusOr<Object> Next(const Format& format) {
    if (format.has_key) {
      by_key_ = true;
      if (!arguments_.is_mapping()) return Fail("a format with '%(...)' needs a dictionary");
      const Object key{format.key};
      KUR_ASSIGN_OR_RETURN(const std::string hash_key, HashKeyOf(&runtime_, key));
      const auto found = arguments_.as_mapping().Find(key, hash_key);
      if (!found.has_value()) return Fail("a format needs the key '", format.key, "'");
      return *found;
    }
    if (next_ >= size_) return Fail("a format needs more values than it got");
    ++next_;
    return arguments_.is_tuple() ? arguments_.as_sequence().at(next_ - 1) : arguments_;
  }

  // Returns INVALID_ARGUMENT if values are left. In Python a single dictionary or list may be.
  absl::Status RequireUsed() const {
    const bool may_stay =
        by_key_ || arguments_.is_mapping() || (arguments_.is_sequence() && !arguments_.is_tuple());
    if (next_ >= size_ || may_stay) return absl::OkStatus();
    return Fail("a format got more values than it needs");
  }

 private:
  Runtime& runtime_;
  const Object& arguments_;
  const int64_t size_;
  int64_t next_ = 0;
  bool by_key_ = false;
};

}  // namespace

absl::StatusOr<Object> FormatPercent(Runtime* runtime, const std::string& text,
                                     const Object& arguments) {
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(arguments));
  FormatArguments values(runtime, arguments);
  TextBuilder result(&runtime->budget());
  absl::string_view rest = text;
  while (true) {
    const size_t percent = rest.find('%');
    KUR_RETURN_IF_ERROR(result.Append(rest.substr(0, percent)));
    if (percent == absl::string_view::npos) break;
    rest.remove_prefix(percent + 1);
    KUR_ASSIGN_OR_RETURN(const Format format, ConsumeFormat(&rest));
    if (format.type == '%') {
      KUR_RETURN_IF_ERROR(result.Append("%"));
      continue;
    }
    KUR_ASSIGN_OR_RETURN(const Object value, values.Next(format));
    KUR_ASSIGN_OR_RETURN(const std::string piece, FormatValue(runtime, format, value));
    KUR_RETURN_IF_ERROR(result.Append(piece));
  }
  KUR_RETURN_IF_ERROR(values.RequireUsed());
  return Object(result.Release());
}

}  // namespace kur::jinja
