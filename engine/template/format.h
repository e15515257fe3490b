#ifndef KUR_ENGINE_TEMPLATE_FORMAT_H_
#define KUR_ENGINE_TEMPLATE_FORMAT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/template/runtime.h"

// What both ways to format share: "%5.2f" % x and "{:5.2f}".format(x).
namespace kur::jinja {

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

// Digits at the start of `text`, taken away from it; -1 if there are none. No more than INT32_MAX.
int64_t TakeDigits(absl::string_view* text);

// Takes the first character of `text` if it is one of `characters`.
bool TakeOneOf(absl::string_view* text, absl::string_view characters, char* taken);

// INVALID_ARGUMENT if the precision is more than any number has digits.
absl::Status CheckPrecision(const Format& format);

// One value as the format says, within the budget.
absl::StatusOr<Object> FormatInteger(Runtime* runtime, const Format& format, int64_t value);
absl::StatusOr<Object> FormatDouble(Runtime* runtime, const Format& format, double value);
absl::StatusOr<Object> FormatText(Runtime* runtime, const Format& format, absl::string_view text);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_FORMAT_H_
