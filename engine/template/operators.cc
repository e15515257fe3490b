#include "engine/template/operators.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur::jinja {
namespace {

using ast::BinaryOperator;

// In the order of BinaryOperator.
constexpr absl::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**", "and", "or"};

absl::Status Overflow() { return Fail("an integer is too large: it must fit in 64 bits"); }

absl::StatusOr<Object> IntegerPower(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return Fail("division by zero");
    return Object(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  if (base == 0 || base == 1) return Object(exponent == 0 ? int64_t{1} : base);
  if (base == -1) return Object(int64_t{exponent % 2 == 0 ? 1 : -1});
  // Any other base leaves 64 bits within 64 steps.
  int64_t result = 1;
  for (int64_t i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(result, base, &result)) return Overflow();
  }
  return Object(result);
}

// Divides as Python does: the quotient is rounded down, the remainder has the divisor's sign.
absl::StatusOr<Object> DivideIntegers(BinaryOperator op, int64_t a, int64_t b) {
  if (b == 0) return Fail("division by zero");
  if (op == BinaryOperator::kDivide) {
    return Object(static_cast<double>(static_cast<long double>(a) / static_cast<long double>(b)));
  }
  if (b == -1) {
    if (op == BinaryOperator::kModulo) return Object(int64_t{0});
    return a == INT64_MIN ? Overflow() : absl::StatusOr<Object>(Object(-a));
  }
  const int64_t remainder = a % b;
  const bool adjust = remainder != 0 && (remainder < 0) != (b < 0);
  if (op == BinaryOperator::kModulo) return Object(adjust ? remainder + b : remainder);
  return Object(a / b - (adjust ? 1 : 0));
}

absl::StatusOr<Object> ApplyToIntegers(BinaryOperator op, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case BinaryOperator::kAdd:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case BinaryOperator::kSubtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case BinaryOperator::kMultiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case BinaryOperator::kPower:
      return IntegerPower(a, b);
    default:
      return DivideIntegers(op, a, b);
  }
  return overflow ? Overflow() : absl::StatusOr<Object>(Object(result));
}

double FloatModulo(double a, double b) {
  double remainder = std::fmod(a, b);
  if (remainder == 0) return std::copysign(0.0, b);
  if ((remainder < 0) != (b < 0)) remainder += b;
  return remainder;
}

// Divides as Python does: exact even where a / b would be rounded up to the next integer.
double FloatFloorDivide(double a, double b) {
  const double quotient = (a - FloatModulo(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

absl::StatusOr<Object> FloatPower(double a, double b) {
  if (a == 0 && b < 0) return Fail("division by zero");
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) {
    return Fail("a negative number has no real power ", FormatFloat(b));
  }
  const double result = std::pow(a, b);
  if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) {
    return Fail("the result of '**' is too large");
  }
  return Object(result);
}

absl::StatusOr<Object> ApplyToFloats(BinaryOperator op, double a, double b) {
  switch (op) {
    case BinaryOperator::kAdd:
      return Object(a + b);
    case BinaryOperator::kSubtract:
      return Object(a - b);
    case BinaryOperator::kMultiply:
      return Object(a * b);
    case BinaryOperator::kPower:
      return FloatPower(a, b);
    default:
      break;
  }
  if (b == 0) return Fail("division by zero");
  if (op == BinaryOperator::kDivide) return Object(a / b);
  return Object(op == BinaryOperator::kModulo ? FloatModulo(a, b) : FloatFloorDivide(a, b));
}

absl::StatusOr<Object> RepeatText(Runtime* runtime, const std::string& text, int64_t count) {
  if (count <= 0 || text.empty()) return Object("");
  const int64_t limit = runtime->budget().limits().output_bytes;
  const auto size = static_cast<int64_t>(text.size());
  KUR_RETURN_IF_ERROR(runtime->budget().MakeText(count > limit / size ? limit + 1 : size * count));
  std::string result;
  result.reserve(static_cast<size_t>(size * count));
  for (int64_t i = 0; i < count; ++i) result += text;
  return Object(std::move(result));
}

absl::StatusOr<Object> RepeatList(Runtime* runtime, const Object& list, int64_t count) {
  const Sequence& sequence = list.as_sequence();
  const int64_t limit = runtime->budget().limits().output_bytes;
  const int64_t size = sequence.size();
  if (count <= 0 || size == 0) return runtime->MakeSequence({}, sequence.is_tuple());
  KUR_RETURN_IF_ERROR(runtime->budget().MakeItems(count > limit / size ? limit + 1 : size * count));
  std::vector<Object> items;
  items.reserve(static_cast<size_t>(size * count));
  for (int64_t i = 0; i < size * count; ++i) items.push_back(sequence.at(i % size));
  return runtime->MakeSequence(std::move(items), sequence.is_tuple());
}

absl::StatusOr<Object> JoinLists(Runtime* runtime, const Object& left, const Object& right) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, runtime->ItemsOf(left));
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> more, runtime->ItemsOf(right));
  items.insert(items.end(), more.begin(), more.end());
  return runtime->MakeSequence(std::move(items), left.is_tuple());
}

absl::Status Refuse(BinaryOperator op, const Object& left, const Object& right) {
  const bool text = op == BinaryOperator::kAdd && (left.is_string() || right.is_string());
  return Fail("'", kSymbols[static_cast<size_t>(op)], "' does not take ", KindOf(left), " and ",
              KindOf(right), text ? "; '~' joins anything as text" : "");
}

}  // namespace

absl::StatusOr<int64_t> Truncate(double value) {
  if (std::isnan(value)) return Fail("nan is no integer");
  if (!(value > -0x1p63 && value < 0x1p63) && value != -0x1p63) return Overflow();
  return static_cast<int64_t>(value);
}

absl::StatusOr<Object> Apply(Runtime* runtime, BinaryOperator op, const Object& left,
                             const Object& right) {
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(left));
  if (op == BinaryOperator::kModulo && left.is_string()) {
    return FormatPercent(runtime, left.as_string(), right);
  }
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(right));
  if (left.is_integral() && right.is_integral()) {
    return ApplyToIntegers(op, left.as_int(), right.as_int());
  }
  if (left.is_number() && right.is_number()) {
    return ApplyToFloats(op, left.as_float(), right.as_float());
  }
  if (op == BinaryOperator::kAdd) {
    if (left.is_string() && right.is_string()) {
      const size_t size = left.as_string().size() + right.as_string().size();
      KUR_RETURN_IF_ERROR(runtime->budget().MakeText(static_cast<int64_t>(size)));
      return Object(left.as_string() + right.as_string());
    }
    if (left.is_sequence() && right.is_sequence() && left.is_tuple() == right.is_tuple()) {
      return JoinLists(runtime, left, right);
    }
  }
  if (op == BinaryOperator::kMultiply) {
    const Object& repeated = left.is_integral() ? right : left;
    const Object& count = left.is_integral() ? left : right;
    if (count.is_integral() && repeated.is_string()) {
      return RepeatText(runtime, repeated.as_string(), count.as_int());
    }
    if (count.is_integral() && repeated.is_sequence()) {
      return RepeatList(runtime, repeated, count.as_int());
    }
  }
  return Refuse(op, left, right);
}

absl::StatusOr<Object> ApplySign(Runtime* runtime, bool minus, const Object& operand) {
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(operand));
  if (operand.is_float()) return Object(minus ? -operand.as_float() : operand.as_float());
  if (!operand.is_integral()) {
    return Fail("'", minus ? "-" : "+", "' does not take ", KindOf(operand));
  }
  if (!minus) return Object(operand.as_int());
  return ApplyToIntegers(BinaryOperator::kSubtract, 0, operand.as_int());
}

absl::StatusOr<bool> ApplyComparison(Runtime* runtime, ast::Comparison comparison,
                                     const Object& left, const Object& right) {
  if (comparison == ast::Comparison::kEqual) return Equal(runtime, left, right);
  if (comparison == ast::Comparison::kIn) return Contains(runtime, right, left);
  if (comparison == ast::Comparison::kNotEqual) {
    KUR_ASSIGN_OR_RETURN(const bool equal, Equal(runtime, left, right));
    return !equal;
  }
  if (comparison == ast::Comparison::kNotIn) {
    KUR_ASSIGN_OR_RETURN(const bool contains, Contains(runtime, right, left));
    return !contains;
  }
  KUR_ASSIGN_OR_RETURN(const int order, Compare(runtime, left, right));
  if (order == kUnordered) return false;
  switch (comparison) {
    case ast::Comparison::kLess:
      return order < 0;
    case ast::Comparison::kLessEqual:
      return order <= 0;
    case ast::Comparison::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

}  // namespace kur::jinja
