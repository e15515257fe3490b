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
  KUR_ASSIGN_OR_RETURN(const int64_t base, arguments.Integer(1, 10));
  if (base != 0 && (base < 2 || base > 36)) return Fail("the base must be 0 or from 2 to 36");
  if (self.is_integral()) return Object(self.as_int());
  double value = 0;
  if (self.is_string()) {
    int64_t integer = 0;
    if (ReadInteger(self.as_string(), static_cast<int>(base), &integer)) return Object(integer);
    if (!ReadFloat(self.as_string(), &value)) return fallback;
  } else if (self.is_float()) {
    value = self.as_float();
  } else {
    return fallback;
  }
  if (std::isnan(value)) return fallback;
  KUR_ASSIGN_OR_RETURN(const int64_t truncated, Truncate(value));
  return Object(truncated);
}

// Rounds to the nearest, halves to the even neighbour, decided by the exact binary value.
double RoundFloat(double value, int64_t digits) {
  constexpr int64_t kMostDigits = 340;
  if (!std::isfinite(value) || digits > kMostDigits) return value;
  if (digits < -kMostDigits) return std::copysign(0.0, value);
  if (digits < 0) {
    const double unit = std::pow(10.0, static_cast<double>(-digits));
    return std::isinf(unit) ? std::copysign(0.0, value) : std::nearbyint(value / unit) * unit;
  }
  double rounded = 0;
  ReadFloat(absl::StrFormat("%.*f", static_cast<int>(digits), value), &rounded);
  return rounded;
}

absl::StatusOr<Object> RoundInteger(Runtime* runtime, int64_t value, int64_t digits) {
  if (digits >= 0) return Object(value);
  if (digits < -18) return Object(int64_t{0});
  int64_t unit = 1;
  for (int64_t i = 0; i < -digits; ++i) unit *= 10;
  const int64_t remainder = ((value % unit) + unit) % unit;
  const int64_t half = unit / 2;
  const bool even = (value / unit - (value < 0 && remainder != 0 ? 1 : 0)) % 2 == 0;
  const bool up = remainder > half || (remainder == half && !even);
  return Apply(runtime, ast::BinaryOperator::kAdd, Object(value),
               Object(up ? unit - remainder : -remainder));
}

absl::StatusOr<Object> Round(Runtime* runtime, const Object& self,
                             const BoundArguments& arguments) {
  KUR_RETURN_IF_ERROR(RequireNumber(self));
  KUR_ASSIGN_OR_RETURN(const int64_t digits, arguments.Integer(0));
  KUR_ASSIGN_OR_RETURN(const std::string method, arguments.Text(1, "common"));
  if (method == "common") {
    if (self.is_integral()) return RoundInteger(runtime, self.as_int(), digits);
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
                 {"int", {Signature("default? base?"), &ToInteger}},
                 {"round", {Signature("precision? method?"), &Round}}});
}

}  // namespace kur::jinja
