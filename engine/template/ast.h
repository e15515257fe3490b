#ifndef KUR_ENGINE_TEMPLATE_AST_H_
#define KUR_ENGINE_TEMPLATE_AST_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/template/object.h"

// The tree of a parsed template. Owned by whoever parsed it; immutable afterwards, so that reading
// it is thread-safe.
namespace kur::jinja::ast {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using Expressions = std::vector<ExpressionPtr>;
using Body = std::vector<std::unique_ptr<Statement>>;

enum class UnaryOperator { kPlus, kMinus, kNot };
enum class BinaryOperator {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,
  kAnd,
  kOr
};
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

// "(a, b, name=c)".
struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
};

struct Call {
  ExpressionPtr callee;
  CallArguments arguments;
};

// "operand | name(arguments)".
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
                   Concatenation, Conditional, Attribute, Item, Slice, Call, Filter, Test>;
  Expression(Node n, int d) : node(std::move(n)), depth(d) {}
  Node node;
  int depth;  // levels of expressions, this one included
};

// Each returns how many levels of expressions there are; 0 for none.
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
  int depth = Depth(arguments.positional);
  for (const auto& [name, value] : arguments.named) depth = std::max(depth, Depth(value));
  return depth;
}

// What a `for` or `set` assigns to: a name, or several of them.
struct Target {
  std::string name;
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
  Body body, otherwise;
};

struct Set {
  Target target;
  ExpressionPtr value;
};

struct Statement {
  using Node = std::variant<Text, Output, If, For, Set>;
  Statement(Node n, int l) : node(std::move(n)), line(l) {}
  Node node;
  int line;  // from 1
};

}  // namespace kur::jinja::ast

#endif  // KUR_ENGINE_TEMPLATE_AST_H_
