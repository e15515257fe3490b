#ifndef KUR_ENGINE_TEMPLATE_OPERATORS_H_
#define KUR_ENGINE_TEMPLATE_OPERATORS_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/template/ast.h"
#include "engine/template/runtime.h"

// What the operators of the language do, as in Python. Integers have 64 bits: a result beyond them
// is INVALID_ARGUMENT, as are operands that an operator does not take.
namespace kur::jinja {

absl::StatusOr<Object> Apply(Runtime* runtime, ast::BinaryOperator op, const Object& left,
                             const Object& right);
// "+" or "-".
absl::StatusOr<Object> ApplySign(Runtime* runtime, bool minus, const Object& operand);
absl::StatusOr<bool> ApplyComparison(Runtime* runtime, ast::Comparison comparison,
                                     const Object& left, const Object& right);

// The integer that a float is, cut at the point. INVALID_ARGUMENT if it has none in 64 bits.
absl::StatusOr<int64_t> Truncate(double value);

// object.name: a method or attribute, then a key. What is not there is undefined, known as
// "path.name"; names that begin with "_" are refused.
absl::StatusOr<Object> GetAttribute(Runtime* runtime, const Object& object, absl::string_view name,
                                    const std::string& path);
// object[index]: an item or key, then an attribute.
absl::StatusOr<Object> GetItem(Runtime* runtime, const Object& object, const Object& index,
                               const std::string& path);
// Methods and attributes alone, for the filter `attr`.
absl::StatusOr<std::optional<Object>> FindAttribute(Runtime* runtime, const Object& object,
                                                    absl::string_view name);
// object[begin:end:step]; None for a bound that was left out.
absl::StatusOr<Object> GetSlice(Runtime* runtime, const Object& object, const Object& begin,
                                const Object& end, const Object& step);

// Formats as `text % arguments` of Python does; `arguments` is a tuple, a dictionary or one value.
absl::StatusOr<std::string> FormatPercent(Runtime* runtime, const std::string& text,
                                          const Object& arguments);
// Formats as text.format(...) of Python does, without looking into its arguments.
absl::StatusOr<std::string> FormatBraces(Runtime* runtime, const std::string& text,
                                         const Arguments& arguments);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_OPERATORS_H_
