#ifndef KUR_ENGINE_TEMPLATE_AST_H_
#define KUR_ENGINE_TEMPLATE_AST_H_

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/template/object.h"

// The tree of a parsed template. Owned by whoever parsed it; immutable afterwards.
namespace kur::jinja::ast {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using Expressions = std::vector<ExpressionPtr>;
using Body = std::vector<std::unique_ptr<Statement>>;

enum class UnaryOperator { kPlus, kMinus, kNot };
enum class BinaryOperator { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
enum class Comparison {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn
};

struct Constant {
  Object value;
};

struct Name {
  std::string name;
};

// "[a, b]" or "(a, b)".
struct ListDisplay {
  Expressions items;
  bool is_tuple = false;
};

struct DictDisplay {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};

struct Unary {
  UnaryOperator op;
  ExpressionPtr operand;
};

struct Binary {
  BinaryOperator op;
  ExpressionPtr left, right;
};

// "a < b <= c".
struct ComparisonChain {
  ExpressionPtr first;
  std::vector<std::pair<Comparison, ExpressionPtr>> rest;
};

// "a ~ b ~ c".
struct Concatenation {
  Expressions parts;
};

// "a and b" or "a or b".
struct Logical {
  bool is_and;
  ExpressionPtr left, right;
};

// "value if condition else otherwise"; `otherwise` may be null.
struct Conditional {
  ExpressionPtr condition, value, otherwise;
};

// "object.name".
struct Attribute {
  ExpressionPtr object;
  std::string name;
};

// "object[index]".
struct Item {
  ExpressionPtr object, index;
};

// "object[begin:end:step]"; each bound may be null.
struct Slice {
  ExpressionPtr object, begin, end, step;
};

// "(a, b, *more, name=c, **named)"; the last two may be null.
struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr more, more_named;
};

struct Call {
  ExpressionPtr callee;
  CallArguments arguments;
};

// "operand | name(arguments)"; in a filter block `operand` of the innermost one is null.
struct Filter {
  ExpressionPtr operand;
  std::string name;
  CallArguments arguments;
};

// "operand is name(arguments)".
struct Test {
  ExpressionPtr operand;
  std::string name;
  CallArguments arguments;
};

struct Expression {
  using Node =
      std::variant<Constant, Name, ListDisplay, DictDisplay, Unary, Binary, ComparisonChain,
                   Concatenation, Logical, Conditional, Attribute, Item, Slice, Call, Filter, Test>;
  Expression(Node n, int l, int d) : node(std::move(n)), line(l), depth(d) {}
  Node node;
  int line;   // from 1
  int depth;  // levels of expressions below and including this one
};

// Levels of expressions; 0 for none.
inline int Depth(const ExpressionPtr& expression) {
  return expression == nullptr ? 0 : expression->depth;
}

inline int Depth(const Expressions& expressions) {
  int depth = 0;
  for (const ExpressionPtr& expression : expressions) {
    depth = std::max(depth, Depth(expression));
  }
  return depth;
}

inline int Depth(const CallArguments& arguments) {
  int depth =
      std::max({Depth(arguments.positional), Depth(arguments.more), Depth(arguments.more_named)});
  for (const auto& [name, value] : arguments.named) depth = std::max(depth, Depth(value));
  return depth;
}

// What a `for` or `set` assigns to: a name, an attribute of a namespace, or several of them.
struct Target {
  std::string name;
  std::string attribute;      // "" unless it is "name.attribute"
  std::vector<Target> parts;  // not empty: "a, b"
};

// Text as it is.
struct Text {
  std::string text;
};

struct Output {
  ExpressionPtr value;
};

// Branches in turn; the condition of an `else` is null.
struct If {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
};

struct For {
  Target target;
  ExpressionPtr iterable;
  ExpressionPtr condition;  // may be null
  bool recursive = false;
  Body body, otherwise;
};

struct Set {
  Target target;
  ExpressionPtr value;
};

// "{% set name | filter %} ... {% endset %}"; `filter` may be null.
struct SetBlock {
  Target target;
  ExpressionPtr filter;
  Body body;
};

struct With {
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  Body body;
};

struct FilterBlock {
  ExpressionPtr filter;
  Body body;
};

// A macro, or the body of a call block.
struct MacroDefinition {
  std::string name;
  std::vector<std::pair<std::string, ExpressionPtr>> parameters;  // with default or null
  bool uses_varargs = false, uses_kwargs = false, uses_caller = false;
  Body body;
};

struct CallBlock {
  ExpressionPtr call;  // a Call
  MacroDefinition caller;
};

struct Statement {
  using Node = std::variant<Text, Output, If, For, Set, SetBlock, With, FilterBlock,
                            MacroDefinition, CallBlock>;
  Statement(Node n, int l) : node(std::move(n)), line(l) {}
  Node node;
  int line;
};

}  // namespace kur::jinja::ast

#endif  // KUR_ENGINE_TEMPLATE_AST_H_
