// Formatting: "%5.2f" % x, and "{:5.2f}".format(x).

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/kurfile/template/operators.h"
#include "engine/kurfile/template/python_string.h"
#include "engine/kurfile/template/text.h"
#include "engine/kurfile/template/text_functions.h"

namespace kur::jinja {
namespace {

// More digits than any number has.
constexpr int64_t kMostPrecision = 1000;

// How one value is to be written.
struct Format {
  std::string fill = " ";
  char alignment = 0;  // '<', '>', '^', '=' or 0: the default of the type
  bool zero = false;   // fill with zeros, after the sign of a number
  char sign = 0;       // '+', '-', ' ' or 0: as '-'
  bool alternate = false;
  bool thousands = false;
  int64_t width = 0;
  int64_t precision = -1;
  char type = 0;
};

// Digits at the start of `text`, taken away from it; -1 if there are none or too many.
int64_t TakeDigits(absl::string_view* text) {
  int64_t value = -1;
  while (!text->empty() && absl::ascii_isdigit(static_cast<unsigned char>((*text)[0]))) {
    value = std::min<int64_t>(std::max<int64_t>(value, 0) * 10 + ((*text)[0] - '0'), INT32_MAX);
    text->remove_prefix(1);
  }
  return value;
}

bool TakeOneOf(absl::string_view* text, absl::string_view characters, char* taken) {
  if (text->empty() || characters.find((*text)[0]) == absl::string_view::npos) return false;
  *taken = (*text)[0];
  text->remove_prefix(1);
  return true;
}

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

// Without a type a float is written as str() writes it, or with so many significant digits.
std::string DefaultDigits(double magnitude, int64_t precision) {
  if (precision < 0) return FormatFloat(magnitude);
  std::string digits =
      absl::StrFormat("%.*g", static_cast<int>(std::max<int64_t>(precision, 1)), magnitude);
  if (digits.find_first_not_of("0123456789") == std::string::npos) digits += ".0";
  return digits;
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

// Reads "%(key)-05.2f" after the "%".
struct PercentItem {
  bool has_key = false;
  std::string key;
  Format format;
};

absl::StatusOr<PercentItem> TakePercentItem(absl::string_view* text) {
  PercentItem item;
  if (!text->empty() && (*text)[0] == '(') {
    const size_t end = text->find(')');
    if (end == absl::string_view::npos) return Fail("a '%(' in a format is not closed");
    item.has_key = true;
    item.key = std::string(text->substr(1, end - 1));
    text->remove_prefix(end + 1);
  }
  Format& format = item.format;
  format.alignment = '>';
  bool zero = false;
  for (char flag = 0; TakeOneOf(text, "-+ #0", &flag);) {
    if (flag == '-') format.alignment = '<';
    if (flag == '+' || (flag == ' ' && format.sign != '+')) format.sign = flag;
    if (flag == '#') format.alternate = true;
    zero = zero || flag == '0';
  }
  format.width = std::max<int64_t>(0, TakeDigits(text));
  if (!text->empty() && (*text)[0] == '.') {
    text->remove_prefix(1);
    format.precision = std::max<int64_t>(0, TakeDigits(text));
  }
  for (char ignored = 0; TakeOneOf(text, "hlL", &ignored);) continue;
  if (!TakeOneOf(text, "diuoxXeEfFgGcrsa%", &format.type)) {
    return Fail(text->empty()
                    ? "a format ends with an incomplete '%'"
                    : absl::StrCat("a format has an unknown '%", text->substr(0, 1), "'"));
  }
  const bool number = absl::string_view("crsa%").find(format.type) == absl::string_view::npos;
  if (zero && number && format.alignment != '<') {
    format.alignment = '=';
    format.fill = "0";
  }
  KUR_RETURN_IF_ERROR(CheckPrecision(format));
  return item;
}

absl::StatusOr<Object> FormatPercentNumber(Runtime* runtime, Format format, const Object& value) {
  if (!value.is_number()) {
    return Fail("'%", std::string(1, format.type), "' formats a number, not ", KindOf(value));
  }
  if (absl::string_view("eEfFgG").find(format.type) != absl::string_view::npos) {
    return FormatDouble(runtime, format, value.as_float());
  }
  const bool decimal = absl::string_view("diu").find(format.type) != absl::string_view::npos;
  if (value.is_float() && !decimal) {
    return Fail("'%", std::string(1, format.type), "' formats an integer, not a float");
  }
  if (!value.is_float()) return FormatInteger(runtime, format, value.as_int());
  KUR_ASSIGN_OR_RETURN(const int64_t integer, Truncate(value.as_float()));
  return FormatInteger(runtime, format, integer);
}

absl::StatusOr<Object> FormatPercentValue(Runtime* runtime, Format format, const Object& value) {
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(value));
  if (format.type == 'c') {
    if (value.is_string() && CharacterCount(value.as_string()) == 1) {
      return FormatText(runtime, format, value.as_string());
    }
    if (!value.is_integral() || value.as_int() < 0 || value.as_int() > 0x10FFFF) {
      return Fail("'%c' formats one character");
    }
    std::string character;
    AppendCodePoint(static_cast<char32_t>(value.as_int()), &character);
    return FormatText(runtime, format, character);
  }
  if (format.type != 's' && format.type != 'r' && format.type != 'a') {
    return FormatPercentNumber(runtime, format, value);
  }
  KUR_ASSIGN_OR_RETURN(const std::string text,
                       format.type == 's' ? Print(runtime, value) : Repr(runtime, value));
  return FormatText(runtime, format, text);
}

// The arguments of a "%" format, one after the other or by key.
class PercentArguments {
 public:
  PercentArguments(Runtime* runtime, const Object& arguments)
      : runtime_(*runtime), arguments_(arguments) {
    const bool tuple = arguments.is_sequence() && arguments.as_sequence().is_tuple();
    size_ = tuple ? arguments.as_sequence().size() : 1;
    is_tuple_ = tuple;
  }

  absl::StatusOr<Object> Next(const PercentItem& item) {
    if (item.has_key) {
      by_key_ = true;
      if (!arguments_.is_mapping()) return Fail("a format with '%(...)' needs a dictionary");
      const Object key{item.key};
      KUR_ASSIGN_OR_RETURN(const std::string hash_key, HashKeyOf(&runtime_, key));
      const auto found = arguments_.as_mapping().Find(key, hash_key);
      if (!found.has_value()) return Fail("a format needs the key '", item.key, "'");
      return *found;
    }
    if (next_ >= size_) return Fail("a format needs more values than it got");
    ++next_;
    return is_tuple_ ? arguments_.as_sequence().at(next_ - 1) : arguments_;
  }

  // In Python a single dictionary or list may stay unused.
  absl::Status RequireUsed() const {
    const bool may_stay =
        by_key_ || arguments_.is_mapping() || (arguments_.is_sequence() && !is_tuple_);
    if (next_ >= size_ || may_stay) return absl::OkStatus();
    return Fail("a format got more values than it needs");
  }

 private:
  Runtime& runtime_;
  const Object& arguments_;
  int64_t size_ = 0, next_ = 0;
  bool is_tuple_ = false, by_key_ = false;
};

}  // namespace

absl::StatusOr<std::string> FormatPercent(Runtime* runtime, const std::string& text,
                                          const Object& arguments) {
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(arguments));
  PercentArguments values(runtime, arguments);
  std::string result;
  absl::string_view rest = text;
  while (!rest.empty()) {
    const size_t percent = rest.find('%');
    absl::StrAppend(&result, rest.substr(0, percent));
    if (percent == absl::string_view::npos) break;
    rest.remove_prefix(percent + 1);
    KUR_ASSIGN_OR_RETURN(const PercentItem item, TakePercentItem(&rest));
    if (item.format.type == '%') {
      result += '%';
      continue;
    }
    KUR_ASSIGN_OR_RETURN(const Object value, values.Next(item));
    KUR_ASSIGN_OR_RETURN(const Object piece, FormatPercentValue(runtime, item.format, value));
    result += piece.as_string();
    KUR_RETURN_IF_ERROR(runtime->budget().MakeText(static_cast<int64_t>(result.size())));
  }
  KUR_RETURN_IF_ERROR(values.RequireUsed());
  return result;
}

namespace {

// Reads "[[fill]align][sign][#][0][width][,][.precision][type]".
absl::StatusOr<Format> ParseFormat(absl::string_view spec) {
  Format format;
  const absl::string_view aligns = "<>^=";
  if (!spec.empty()) {
    const absl::string_view first = FirstCharacter(spec);
    if (first.size() < spec.size() && aligns.find(spec[first.size()]) != absl::string_view::npos) {
      format.fill = std::string(first);
      spec.remove_prefix(first.size());
    }
  }
  TakeOneOf(&spec, aligns, &format.alignment);
  TakeOneOf(&spec, "+- ", &format.sign);
  char taken = 0;
  format.alternate = TakeOneOf(&spec, "#", &taken);
  format.zero = TakeOneOf(&spec, "0", &taken) && format.alignment == 0;
  if (format.zero) format.fill = "0";
  format.width = std::max<int64_t>(0, TakeDigits(&spec));
  format.thousands = TakeOneOf(&spec, ",", &taken);
  if (TakeOneOf(&spec, ".", &taken)) {
    format.precision = TakeDigits(&spec);
    if (format.precision < 0) return Fail("a format has a '.' without a precision");
  }
  TakeOneOf(&spec, "sdbcoxXeEfFgGn%", &format.type);
  if (!spec.empty()) return Fail("a format has an unknown '", spec, "'");
  KUR_RETURN_IF_ERROR(CheckPrecision(format));
  return format;
}

absl::StatusOr<Object> FormatBySpec(Runtime* runtime, const Object& value, absl::string_view spec) {
  if (spec.empty()) {
    KUR_ASSIGN_OR_RETURN(std::string text, Print(runtime, value));
    return runtime->Text(std::move(text));
  }
  KUR_ASSIGN_OR_RETURN(Format format, ParseFormat(spec));
  const bool text_type = format.type == 's' || format.type == 0;
  if (value.is_string() && text_type) {
    if (format.sign != 0 || format.thousands || format.alternate) {
      return Fail("the format '", spec, "' is for numbers, not for a string");
    }
    return FormatText(runtime, format, value.as_string());
  }
  const bool float_type = absl::string_view("eEfFgG%").find(format.type) != absl::string_view::npos;
  if (value.is_number() && ((float_type && format.type != 0) ||
                            (value.is_float() && (format.type == 0 || format.type == 'n')))) {
    return FormatDouble(runtime, format, value.as_float());
  }
  if (value.is_integral() && format.type != 's' && format.type != 'c') {
    if (format.precision >= 0) return Fail("an integer takes no precision");
    return FormatInteger(runtime, format, value.as_int());
  }
  return Fail("the format '", spec, "' is not for ", KindOf(value));
}

// "{name!r:spec}" without its braces.
struct BraceField {
  std::string name, spec;
  char conversion = 0;
};

absl::StatusOr<BraceField> ParseField(absl::string_view field) {
  BraceField result;
  if (field.find('{') != absl::string_view::npos) {
    return Fail("a format inside a format is not supported");
  }
  const size_t colon = field.find(':');
  if (colon != absl::string_view::npos) result.spec = std::string(field.substr(colon + 1));
  field = field.substr(0, colon);
  const size_t bang = field.find('!');
  if (bang != absl::string_view::npos) {
    if (field.size() != bang + 2 || (field[bang + 1] != 'r' && field[bang + 1] != 's')) {
      return Fail("a format converts with '!r' or '!s' only");
    }
    result.conversion = field[bang + 1];
    field = field.substr(0, bang);
  }
  if (field.find_first_of(".[") != absl::string_view::npos) {
    return Fail("a format cannot look into its arguments; pass '", field, "' as one of them");
  }
  result.name = std::string(field);
  return result;
}

// The arguments of str.format(), numbered by themselves or by the author, or named.
class BraceArguments {
 public:
  explicit BraceArguments(const Arguments& arguments) : arguments_(arguments) {}

  absl::StatusOr<Object> Find(const std::string& name) {
    int64_t index = next_;
    if (name.empty() || ReadInteger(name, 10, &index)) {
      (name.empty() ? automatic_ : manual_) = true;
      if (automatic_ && manual_) return Fail("a format mixes '{}' and '{0}'");
      if (name.empty()) ++next_;
      if (index < 0 || index >= static_cast<int64_t>(arguments_.positional.size())) {
        return Fail("a format needs more values than it got");
      }
      return arguments_.positional[static_cast<size_t>(index)];
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    return Fail("a format needs the argument '", name, "'");
  }

 private:
  const Arguments& arguments_;
  int64_t next_ = 0;
  bool automatic_ = false, manual_ = false;
};

}  // namespace

absl::StatusOr<std::string> FormatBraces(Runtime* runtime, const std::string& text,
                                         const Arguments& arguments) {
  BraceArguments values(arguments);
  std::string result;
  absl::string_view rest = text;
  while (!rest.empty()) {
    const size_t brace = rest.find_first_of("{}");
    absl::StrAppend(&result, rest.substr(0, brace));
    if (brace == absl::string_view::npos) break;
    rest.remove_prefix(brace);
    if (rest.size() > 1 && rest[1] == rest[0]) {
      result += rest[0];
      rest.remove_prefix(2);
      continue;
    }
    const size_t end = rest.find('}');
    if (rest[0] == '}' || end == absl::string_view::npos) {
      return Fail("a format has a single '", rest.substr(0, 1), "'");
    }
    KUR_ASSIGN_OR_RETURN(const BraceField field, ParseField(rest.substr(1, end - 1)));
    rest.remove_prefix(end + 1);
    KUR_ASSIGN_OR_RETURN(Object value, values.Find(field.name));
    if (field.conversion != 0) {
      KUR_ASSIGN_OR_RETURN(std::string converted,
                           field.conversion == 'r' ? Repr(runtime, value) : Print(runtime, value));
      value = Object(std::move(converted));
    }
    KUR_ASSIGN_OR_RETURN(const Object piece, FormatBySpec(runtime, value, field.spec));
    result += piece.as_string();
    KUR_RETURN_IF_ERROR(runtime->budget().MakeText(static_cast<int64_t>(result.size())));
  }
  return result;
}

}  // namespace kur::jinja
