// "%5.2f" % x.

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/format.h"
#include "engine/template/operators.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

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
  const bool number = !absl::StrContains(absl::string_view("crsa%"), format.type);
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
  if (absl::StrContains(absl::string_view("eEfFgG"), format.type)) {
    return FormatDouble(runtime, format, value.as_float());
  }
  const bool decimal = absl::StrContains(absl::string_view("diu"), format.type);
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

}  // namespace kur::jinja
