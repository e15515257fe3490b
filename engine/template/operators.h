#ifndef KUR_ENGINE_TEMPLATE_OPERATORS_H_
#define KUR_ENGINE_TEMPLATE_OPERATORS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/template/ast.h"
#include "engine/template/runtime.h"

// Does what the operators of the language do, as in Python. Integers have 64 bits: a result beyond
// them is INVALID_ARGUMENT, as are operands that an operator does not take.
namespace kur::jinja {

// Applies an operator other than "and" and "or", which may leave their right side alone.
absl::StatusOr<Object> Apply(Runtime* runtime, ast::BinaryOperator op, const Object& left,
                             const Object& right);
// Applies "-" or "+".
absl::StatusOr<Object> ApplySign(Runtime* runtime, bool minus, const Object& operand);
absl::StatusOr<bool> ApplyComparison(Runtime* runtime, ast::Comparison comparison,
                                     const Object& left, const Object& right);

// Returns the integer that a float is, cut at the point. INVALID_ARGUMENT if it has none in 64
// bits.
absl::StatusOr<int64_t> Truncate(double value);

// Returns object.name, which is what ['name'] gives. What is not there is undefined, known as
// "path.name"; names that begin with "_" are refused.
absl::StatusOr<Object> GetAttribute(Runtime* runtime, const Object& object, absl::string_view name,
                                    const std::string& path);
// Returns object[index]: a key or an item.
absl::StatusOr<Object> GetItem(Runtime* runtime, const Object& object, const Object& index,
                               const std::string& path);
// Returns object[begin:end:step]; none stands for a bound that was left out.
absl::StatusOr<Object> GetSlice(Runtime* runtime, const Object& object, const Object& begin,
                                const Object& end, const Object& step);

// Formats as `text % arguments` of Python does; `arguments` is a tuple, a dictionary or one value.
absl::StatusOr<Object> FormatPercent(Runtime* runtime, const std::string& text,
                                     const Object& arguments);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_OPERATORS_H_
