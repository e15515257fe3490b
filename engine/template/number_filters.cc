// Holds the filters that work on numbers.

#include <cmath>

#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/template/builtins.h"
#include "engine/template/operators.h"
#include "engine/template/python_string.h"

namespace kur::jinja {
namespace {

absl::Status RequireNumber(const Object& object) {
  return object.is_number() ? absl::OkStatus() : Fail("needs a number, not ", KindOf(object));
}

absl::StatusOr<Object> Abs(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_RETURN_IF_ERROR(RequireNumber(self));
  if (self.is_float()) return Object(std::fabs(self.as_float()));
  return ApplySign(runtime, self.as_int() < 0, self);
}

// Gives `default` for what does not read as a number.
absl::StatusOr<Object> ToFloat(Runtime*, const Object& self, const BoundArguments& arguments) {
  if (self.is_number()) return Object(self.as_float());
  double value = 0;
  if (self.is_string() && ReadFloat(self.as_string(), &value)) return Object(value);
  return arguments.has(0) ? arguments.get(0) : Object(0.0);
}

absl::StatusOr<Object> ToInteger(Runtime*, const Object& self, const BoundArguments& arguments) {
  const Object fallback = arguments.has(0) ? arguments.get(0) : Object(int64_t{0});
  if (self.is_integral()) return Object(self.as_int());
  int64_t integer = 0;
  if (self.is_string() && ReadInteger(self.as_string(), &integer)) return Object(integer);
  double value = 0;
  const bool reads = self.is_float() || (self.is_string() && ReadFloat(self.as_string(), &value));
  if (self.is_float()) value = self.as_float();
  if (!reads || std::isnan(value)) return fallback;
  KUR_ASSIGN_OR_RETURN(const int64_t truncated, Truncate(value));
  return Object(truncated);
}

// Rounds to the nearest, halves to the even neighbor, decided by the exact binary value.
double RoundFloat(double value, int64_t digits) {
  constexpr int64_t kMostDigits = 340;
  if (!std::isfinite(value) || digits > kMostDigits) return value;
  double rounded = 0;
  ReadFloat(absl::StrFormat("%.*f", static_cast<int>(digits), value), &rounded);
  return rounded;
}

absl::StatusOr<Object> Round(Runtime* runtime, const Object& self,
                             const BoundArguments& arguments) {
  KUR_RETURN_IF_ERROR(RequireNumber(self));
  KUR_ASSIGN_OR_RETURN(const int64_t digits, arguments.Integer(0));
  KUR_ASSIGN_OR_RETURN(const std::string method, arguments.Text(1, "common"));
  if (method == "common") {
    if (digits < 0) return Fail("rounds to 0 or more digits behind the point");
    if (self.is_integral()) return Object(self.as_int());
    return Object(RoundFloat(self.as_float(), digits));
  }
  if (method != "ceil" && method != "floor") return Fail("method must be common, ceil or floor");
  const Object ten(int64_t{10}), precision(digits);
  KUR_ASSIGN_OR_RETURN(const Object unit,
                       Apply(runtime, ast::BinaryOperator::kPower, ten, precision));
  KUR_ASSIGN_OR_RETURN(const Object scaled,
                       Apply(runtime, ast::BinaryOperator::kMultiply, self, unit));
  if (scaled.is_integral()) return Apply(runtime, ast::BinaryOperator::kDivide, scaled, unit);
  if (!std::isfinite(scaled.as_float())) return Fail("there is no integer near infinity or nan");
  const double whole =
      method == "ceil" ? std::ceil(scaled.as_float()) : std::floor(scaled.as_float());
  return Object(whole / unit.as_float());
}

}  // namespace

void AddNumberFilters(BuiltinTable* table) {
  table->insert({{"abs", {Signature(""), &Abs}},
                 {"float", {Signature("default?"), &ToFloat}},
                 {"int", {Signature("default?"), &ToInteger}},
                 {"round", {Signature("precision? method?"), &Round}}});
}

}  // namespace kur::jinja
