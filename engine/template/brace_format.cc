// "{:5.2f}".format(x).

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/format.h"
#include "engine/template/operators.h"
#include "engine/template/python_string.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

// Reads "[[fill]align][sign][#][0][width][,][.precision][type]".
absl::StatusOr<Format> ParseFormat(absl::string_view spec) {
  Format format;
  const absl::string_view aligns = "<>^=";
  if (!spec.empty()) {
    const absl::string_view first = FirstCharacter(spec);
    if (first.size() < spec.size() && absl::StrContains(aligns, spec[first.size()])) {
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
  const bool float_type = absl::StrContains(absl::string_view("eEfFgG%"), format.type);
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
  if (absl::StrContains(field, '{')) {
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
