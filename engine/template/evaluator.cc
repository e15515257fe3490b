// Evaluates expressions. Statements are in statements.cc.

#include "engine/template/evaluator.h"

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/builtins.h"
#include "engine/template/left_out.h"
#include "engine/template/operators.h"

namespace kur::jinja {
namespace {

// Returns "cnn.kernels", for messages; "" for what has no name.
std::string PathOf(const ast::Expression& expression) {
  if (const auto* name = std::get_if<ast::Name>(&expression.node)) return name->name;
  if (const auto* attribute = std::get_if<ast::Attribute>(&expression.node)) {
    const std::string object = PathOf(*attribute->object);
    return object.empty() ? "" : absl::StrCat(object, ".", attribute->name);
  }
  return "";
}

}  // namespace

absl::StatusOr<Object> Evaluator::Evaluate(const ast::Expression& expression) {
  const Budget::Level level(&runtime_.budget());
  KUR_RETURN_IF_ERROR(level.status());
  KUR_RETURN_IF_ERROR(runtime_.budget().Spend(1));
  return std::visit([this](const auto& node) { return Visit(node); }, expression.node);
}

absl::StatusOr<Object> Evaluator::EvaluateOptional(const ast::ExpressionPtr& expression) {
  if (expression == nullptr) return Object();
  return Evaluate(*expression);
}

absl::StatusOr<bool> Evaluator::EvaluateTruth(const ast::Expression& expression) {
  KUR_ASSIGN_OR_RETURN(const Object value, Evaluate(expression));
  return runtime_.Truth(value);
}

absl::StatusOr<Arguments> Evaluator::EvaluateArguments(const ast::CallArguments& arguments) {
  Arguments values;
  for (const ast::ExpressionPtr& argument : arguments.positional) {
    KUR_ASSIGN_OR_RETURN(Object value, Evaluate(*argument));
    values.positional.push_back(std::move(value));
  }
  for (const auto& [name, argument] : arguments.named) {
    KUR_ASSIGN_OR_RETURN(Object value, Evaluate(*argument));
    values.named.emplace_back(name, std::move(value));
  }
  return values;
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Constant& node) { return node.value; }

absl::StatusOr<std::optional<Object>> Evaluator::FindVariable(const std::string& name) {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    const auto it = frame->find(name);
    if (it != frame->end()) return std::optional<Object>(it->second);
  }
  KUR_RETURN_IF_ERROR(runtime_.budget().Spend(static_cast<int64_t>(runtime_.scope().size() / 64)));
  if (const Value* value = runtime_.scope().Find(name)) {
    return std::optional<Object>(Object::Wrap(*value));
  }
  if (!runtime_.scope().IsBroken(name)) return std::optional<Object>();
  return absl::UnavailableError(absl::StrCat("'", name, "' could not be evaluated"));
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Name& node) {
  KUR_ASSIGN_OR_RETURN(const auto value, FindVariable(node.name));
  if (value.has_value()) return *value;
  if (FindFunction(node.name) != nullptr) {
    return Object::Undefined(
        absl::StrCat("'", node.name, "' is a function; call it, as in '", node.name, "()'"));
  }
  std::string left_out = LeftOutMessage(NameKind::kGlobal, node.name);
  if (!left_out.empty()) return Object::Undefined(std::move(left_out));
  return Object(UndefinedInfo{UndefinedInfo::Reason::kUnknownName, node.name});
}

absl::StatusOr<Object> Evaluator::Visit(const ast::ListDisplay& node) {
  std::vector<Object> items;
  for (const ast::ExpressionPtr& item : node.items) {
    KUR_ASSIGN_OR_RETURN(Object value, Evaluate(*item));
    items.push_back(std::move(value));
  }
  return runtime_.MakeSequence(std::move(items), node.is_tuple);
}

absl::StatusOr<Object> Evaluator::Visit(const ast::DictDisplay& node) {
  auto mapping = std::make_shared<ObjectMapping>();
  for (const auto& [key_expression, value_expression] : node.entries) {
    KUR_ASSIGN_OR_RETURN(Object key, Evaluate(*key_expression));
    KUR_ASSIGN_OR_RETURN(Object value, Evaluate(*value_expression));
    KUR_RETURN_IF_ERROR(runtime_.SetEntry(mapping.get(), std::move(key), std::move(value)));
  }
  return runtime_.Dictionary(std::move(mapping));
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Unary& node) {
  if (node.op == ast::UnaryOperator::kNot) {
    KUR_ASSIGN_OR_RETURN(const bool truth, EvaluateTruth(*node.operand));
    return Object(!truth);
  }
  KUR_ASSIGN_OR_RETURN(const Object operand, Evaluate(*node.operand));
  return ApplySign(&runtime_, node.op == ast::UnaryOperator::kMinus, operand);
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Binary& node) {
  KUR_ASSIGN_OR_RETURN(const Object left, Evaluate(*node.left));
  if (node.op == ast::BinaryOperator::kAnd || node.op == ast::BinaryOperator::kOr) {
    KUR_ASSIGN_OR_RETURN(const bool truth, runtime_.Truth(left));
    if (truth != (node.op == ast::BinaryOperator::kAnd)) return left;
    return Evaluate(*node.right);
  }
  KUR_ASSIGN_OR_RETURN(const Object right, Evaluate(*node.right));
  return Apply(&runtime_, node.op, left, right);
}

absl::StatusOr<Object> Evaluator::Visit(const ast::ComparisonChain& node) {
  KUR_ASSIGN_OR_RETURN(Object left, Evaluate(*node.first));
  for (const auto& [comparison, expression] : node.rest) {
    KUR_ASSIGN_OR_RETURN(Object right, Evaluate(*expression));
    KUR_ASSIGN_OR_RETURN(const bool holds, ApplyComparison(&runtime_, comparison, left, right));
    if (!holds) return Object(false);
    left = std::move(right);
  }
  return Object(true);
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Concatenation& node) {
  TextBuilder text(&runtime_.budget());
  for (const ast::ExpressionPtr& part : node.parts) {
    KUR_ASSIGN_OR_RETURN(const Object value, Evaluate(*part));
    KUR_ASSIGN_OR_RETURN(const std::string more, Print(&runtime_, value));
    KUR_RETURN_IF_ERROR(text.Append(more));
  }
  return Object(text.Release());
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Conditional& node) {
  KUR_ASSIGN_OR_RETURN(const bool truth, EvaluateTruth(*node.condition));
  if (truth) return Evaluate(*node.value);
  if (node.otherwise != nullptr) return Evaluate(*node.otherwise);
  UndefinedInfo info;
  info.name = "an inline 'if' was false and has no 'else'";
  info.silent = true;
  return Object(std::move(info));
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Attribute& node) {
  KUR_ASSIGN_OR_RETURN(const Object object, Evaluate(*node.object));
  const std::string path = PathOf(*node.object);
  KUR_ASSIGN_OR_RETURN(Object value, GetAttribute(&runtime_, object, node.name, path));
  if (!value.is_undefined() || path != "loop") return value;
  std::string left_out = LeftOutMessage(NameKind::kLoopAttribute, node.name);
  return left_out.empty() ? value : Object::Undefined(std::move(left_out));
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Item& node) {
  KUR_ASSIGN_OR_RETURN(const Object object, Evaluate(*node.object));
  KUR_ASSIGN_OR_RETURN(const Object index, Evaluate(*node.index));
  return GetItem(&runtime_, object, index, PathOf(*node.object));
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Slice& node) {
  KUR_ASSIGN_OR_RETURN(const Object object, Evaluate(*node.object));
  KUR_ASSIGN_OR_RETURN(const Object begin, EvaluateOptional(node.begin));
  KUR_ASSIGN_OR_RETURN(const Object end, EvaluateOptional(node.end));
  KUR_ASSIGN_OR_RETURN(const Object step, EvaluateOptional(node.step));
  return GetSlice(&runtime_, object, begin, end, step);
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Call& node) {
  KUR_ASSIGN_OR_RETURN(const Arguments arguments, EvaluateArguments(node.arguments));
  if (const auto* name = std::get_if<ast::Name>(&node.callee->node)) {
    return CallFunction(name->name, arguments);
  }
  if (const auto* attribute = std::get_if<ast::Attribute>(&node.callee->node)) {
    return CallMethod(*attribute, arguments);
  }
  KUR_ASSIGN_OR_RETURN(const Object callee, Evaluate(*node.callee));
  KUR_RETURN_IF_ERROR(runtime_.RequireDefined(callee));
  return Fail(KindOf(callee), " cannot be called");
}

absl::StatusOr<Object> Evaluator::CallFunction(const std::string& name,
                                               const Arguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const auto variable, FindVariable(name));
  const Builtin* function = FindFunction(name);
  if (!variable.has_value() && function != nullptr) {
    return CallBuiltin(&runtime_, *function, absl::StrCat(name, "()"), Object(), arguments);
  }
  KUR_ASSIGN_OR_RETURN(const Object callee, Visit(ast::Name{name}));
  KUR_RETURN_IF_ERROR(runtime_.RequireDefined(callee));
  return Fail(KindOf(callee), " cannot be called");
}

absl::StatusOr<Object> Evaluator::CallMethod(const ast::Attribute& node,
                                             const Arguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const Object object, Evaluate(*node.object));
  KUR_RETURN_IF_ERROR(runtime_.RequireDefined(object));
  if (const Builtin* method = FindMethod(object, node.name)) {
    return CallBuiltin(&runtime_, *method, absl::StrCat("method '", node.name, "'"), object,
                       arguments);
  }
  KUR_ASSIGN_OR_RETURN(const Object callee, Visit(node));
  if (callee.is_undefined() && callee.undefined().reason != UndefinedInfo::Reason::kMessage) {
    return NoSuchMethod(object, node.name);
  }
  KUR_RETURN_IF_ERROR(runtime_.RequireDefined(callee));
  return Fail(KindOf(callee), " cannot be called");
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Filter& node) {
  KUR_ASSIGN_OR_RETURN(const Object operand, Evaluate(*node.operand));
  KUR_ASSIGN_OR_RETURN(const Arguments arguments, EvaluateArguments(node.arguments));
  return CallFilter(&runtime_, node.name, operand, arguments);
}

absl::StatusOr<Object> Evaluator::Visit(const ast::Test& node) {
  KUR_ASSIGN_OR_RETURN(const Object operand, Evaluate(*node.operand));
  KUR_ASSIGN_OR_RETURN(const Arguments arguments, EvaluateArguments(node.arguments));
  KUR_ASSIGN_OR_RETURN(const bool result, CallTest(&runtime_, node.name, operand, arguments));
  return Object(result);
}

}  // namespace kur::jinja
