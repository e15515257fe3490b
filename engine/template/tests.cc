// Holds what may stand after `is`.

#include "engine/base/status.h"
#include "engine/template/builtins.h"
#include "engine/template/operators.h"

namespace kur::jinja {
namespace {

using Result = absl::StatusOr<Object>;

Result Defined(Runtime*, const Object& self, const BoundArguments&) {
  return Object(!self.is_undefined());
}
Result Undefined(Runtime*, const Object& self, const BoundArguments&) {
  return Object(self.is_undefined());
}
template <bool (Object::*is)() const>
Result Is(Runtime*, const Object& self, const BoundArguments&) {
  return Object((self.*is)());
}
template <bool value>
Result IsBoolean(Runtime*, const Object& self, const BoundArguments&) {
  return Object(self.is_bool() && self.as_bool() == value);
}
Result IsSequence(Runtime*, const Object& self, const BoundArguments&) {
  return Object(self.is_sequence() || self.is_string() || self.is_mapping());
}
absl::StatusOr<bool> HasRemainder(Runtime* runtime, const Object& self, const Object& divisor,
                                  int64_t remainder) {
  if (!self.is_number()) return Fail("needs a number, not ", KindOf(self));
  KUR_ASSIGN_OR_RETURN(const Object rest,
                       Apply(runtime, ast::BinaryOperator::kModulo, self, divisor));
  return Equal(runtime, rest, Object(remainder));
}

template <int64_t remainder>
Result HalvesWith(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const bool holds,
                       HasRemainder(runtime, self, Object(int64_t{2}), remainder));
  return Object(holds);
}
Result DivisibleBy(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const bool divisible, HasRemainder(runtime, self, arguments.get(0), 0));
  return Object(divisible);
}

template <ast::Comparison comparison>
Result Comparing(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const bool holds,
                       ApplyComparison(runtime, comparison, self, arguments.get(0)));
  return Object(holds);
}

}  // namespace

const BuiltinTable& Tests() {
  static const auto* const kTable = [] {
    auto* table = new BuiltinTable{{"defined", {Signature(""), &Defined, true}},
                                   {"undefined", {Signature(""), &Undefined, true}},
                                   {"none", {Signature(""), &Is<&Object::is_none>}},
                                   {"boolean", {Signature(""), &Is<&Object::is_bool>}},
                                   {"true", {Signature(""), &IsBoolean<true>}},
                                   {"false", {Signature(""), &IsBoolean<false>}},
                                   {"integer", {Signature(""), &Is<&Object::is_int>}},
                                   {"float", {Signature(""), &Is<&Object::is_float>}},
                                   {"number", {Signature(""), &Is<&Object::is_number>}},
                                   {"string", {Signature(""), &Is<&Object::is_string>}},
                                   {"mapping", {Signature(""), &Is<&Object::is_mapping>}},
                                   {"sequence", {Signature(""), &IsSequence}},
                                   {"iterable", {Signature(""), &IsSequence}},
                                   {"odd", {Signature(""), &HalvesWith<1>}},
                                   {"even", {Signature(""), &HalvesWith<0>}},
                                   {"divisibleby", {Signature("num"), &DivisibleBy}}};
    const auto add = [table](std::initializer_list<const char*> names, BuiltinFunction function) {
      for (const char* name : names) table->emplace(name, Builtin{Signature("other"), function});
    };
    add({"in"}, &Comparing<ast::Comparison::kIn>);
    add({"==", "eq", "equalto"}, &Comparing<ast::Comparison::kEqual>);
    add({"!=", "ne"}, &Comparing<ast::Comparison::kNotEqual>);
    add({">", "gt", "greaterthan"}, &Comparing<ast::Comparison::kGreater>);
    add({">=", "ge"}, &Comparing<ast::Comparison::kGreaterEqual>);
    add({"<", "lt", "lessthan"}, &Comparing<ast::Comparison::kLess>);
    add({"<=", "le"}, &Comparing<ast::Comparison::kLessEqual>);
    return table;
  }();
  return *kTable;
}

}  // namespace kur::jinja
