// Parses the operands of operators: constants, names, containers, calls, filters and tests.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/parser.h"

namespace kur::jinja {

ExpressionParser::Result ExpressionParser::ParseUnary(bool with_filters) {
  const Nesting nesting(this);
  KUR_RETURN_IF_ERROR(nesting.status());
  ast::ExpressionPtr value;
  const bool minus = tokens_.ConsumeOperator("-");
  if (minus || tokens_.ConsumeOperator("+")) {
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr operand, ParseUnary(false));
    const auto op = minus ? ast::UnaryOperator::kMinus : ast::UnaryOperator::kPlus;
    const int depth = Depth(operand);
    KUR_ASSIGN_OR_RETURN(value, Make(ast::Unary{op, std::move(operand)}, depth));
  } else {
    KUR_ASSIGN_OR_RETURN(value, ParsePrimary());
  }
  KUR_ASSIGN_OR_RETURN(value, ParsePostfix(std::move(value)));
  if (!with_filters) return value;
  return ParseFiltersAndTests(std::move(value));
}

ExpressionParser::Result ExpressionParser::ParsePrimary() {
  switch (tokens_.current().type) {
    case Token::Type::kName:
      return ParseName();
    case Token::Type::kInteger:
      return Make(ast::Constant{Object(tokens_.Consume().integer)}, 0);
    case Token::Type::kFloat:
      return Make(ast::Constant{Object(tokens_.Consume().number)}, 0);
    case Token::Type::kString: {
      std::string text;
      while (tokens_.current().type == Token::Type::kString) text += tokens_.Consume().text;
      return Make(ast::Constant{Object(std::move(text))}, 0);
    }
    default:
      break;
  }
  if (tokens_.current().IsOperator("(")) return ParseParenthesized();
  if (tokens_.current().IsOperator("[")) return ParseList();
  if (tokens_.current().IsOperator("{")) return ParseDict();
  return tokens_.Unexpected("an expression");
}

ExpressionParser::Result ExpressionParser::ParseName() {
  std::string name = tokens_.Consume().text;
  if (name == "true" || name == "True") return Make(ast::Constant{Object(true)}, 0);
  if (name == "false" || name == "False") return Make(ast::Constant{Object(false)}, 0);
  if (name == "none" || name == "None") return Make(ast::Constant{Object()}, 0);
  return Make(ast::Name{std::move(name)}, 0);
}

ExpressionParser::Result ExpressionParser::ParseParenthesized() {
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("("));
  if (tokens_.ConsumeOperator(")")) return Make(ast::ListDisplay{{}, true}, 0);
  KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr inner, ParseTuple());
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator(")"));
  return inner;
}

ExpressionParser::Result ExpressionParser::ParseList() {
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("["));
  ast::ListDisplay list;
  while (!tokens_.current().IsOperator("]")) {
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr item, Parse());
    list.items.push_back(std::move(item));
    if (!tokens_.ConsumeOperator(",")) break;
  }
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("]"));
  const int depth = Depth(list.items);
  return Make(std::move(list), depth);
}

ExpressionParser::Result ExpressionParser::ParseDict() {
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("{"));
  ast::DictDisplay dict;
  int depth = 0;
  while (!tokens_.current().IsOperator("}")) {
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr key, Parse());
    KUR_RETURN_IF_ERROR(tokens_.ExpectOperator(":"));
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr value, Parse());
    depth = std::max({depth, Depth(key), Depth(value)});
    dict.entries.emplace_back(std::move(key), std::move(value));
    if (!tokens_.ConsumeOperator(",")) break;
  }
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("}"));
  return Make(std::move(dict), depth);
}

ExpressionParser::Result ExpressionParser::ParsePostfix(ast::ExpressionPtr object) {
  while (true) {
    const Token& token = tokens_.current();
    if (token.IsOperator(".")) {
      KUR_ASSIGN_OR_RETURN(object, ParseDot(std::move(object)));
    } else if (token.IsOperator("[")) {
      KUR_ASSIGN_OR_RETURN(object, ParseSubscript(std::move(object)));
    } else if (token.IsOperator("(")) {
      KUR_ASSIGN_OR_RETURN(object, ParseCall(std::move(object)));
    } else {
      return object;
    }
  }
}

ExpressionParser::Result ExpressionParser::ParseFiltersAndTests(ast::ExpressionPtr operand) {
  while (true) {
    const Token& token = tokens_.current();
    if (token.IsOperator("|")) {
      KUR_ASSIGN_OR_RETURN(operand, ParseFilter(std::move(operand)));
    } else if (token.IsName("is")) {
      KUR_ASSIGN_OR_RETURN(operand, ParseTest(std::move(operand)));
    } else if (token.IsOperator("(")) {
      KUR_ASSIGN_OR_RETURN(operand, ParseCall(std::move(operand)));
    } else {
      return operand;
    }
  }
}

ExpressionParser::Result ExpressionParser::ParseDot(ast::ExpressionPtr object) {
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("."));
  const int depth = Depth(object);
  if (tokens_.current().type == Token::Type::kInteger) {
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr index,
                         Make(ast::Constant{Object(tokens_.Consume().integer)}, 0));
    return Make(ast::Item{std::move(object), std::move(index)}, std::max(depth, 1));
  }
  KUR_ASSIGN_OR_RETURN(std::string name, tokens_.ExpectAnyName("a name or number after '.'"));
  return Make(ast::Attribute{std::move(object), std::move(name)}, depth);
}

ExpressionParser::Result ExpressionParser::ParseBound() {
  const Token& token = tokens_.current();
  if (token.IsOperator(":") || token.IsOperator("]")) return ast::ExpressionPtr();
  return Parse();
}

ExpressionParser::Result ExpressionParser::ParseSubscript(ast::ExpressionPtr object) {
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("["));
  KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr begin, ParseBound());
  if (!tokens_.ConsumeOperator(":")) {
    KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("]"));
    if (begin == nullptr) return tokens_.Error("expected an index between '[' and ']'");
    const int depth = std::max(Depth(object), Depth(begin));
    return Make(ast::Item{std::move(object), std::move(begin)}, depth);
  }
  KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr end, ParseBound());
  ast::ExpressionPtr step;
  if (tokens_.ConsumeOperator(":")) {
    KUR_ASSIGN_OR_RETURN(step, ParseBound());
  }
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("]"));
  const int depth = std::max({Depth(object), Depth(begin), Depth(end), Depth(step)});
  return Make(ast::Slice{std::move(object), std::move(begin), std::move(end), std::move(step)},
              depth);
}

ExpressionParser::Result ExpressionParser::ParseCall(ast::ExpressionPtr callee) {
  KUR_ASSIGN_OR_RETURN(ast::CallArguments arguments, ParseArguments());
  const int depth = std::max(Depth(callee), Depth(arguments));
  return Make(ast::Call{std::move(callee), std::move(arguments)}, depth);
}

absl::StatusOr<ast::CallArguments> ExpressionParser::ParseArguments() {
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("("));
  ast::CallArguments arguments;
  while (!tokens_.current().IsOperator(")")) {
    KUR_RETURN_IF_ERROR(ParseArgument(&arguments));
    if (!tokens_.ConsumeOperator(",")) break;
  }
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator(")"));
  return arguments;
}

absl::Status ExpressionParser::ParseArgument(ast::CallArguments* arguments) {
  for (const absl::string_view stars : {"*", "**"}) {
    if (!tokens_.current().IsOperator(stars)) continue;
    return tokens_.Error(absl::StrCat("'", stars, "' before an argument is not part of Kurfiles' ",
                                      "templates; write the arguments themselves"));
  }
  if (tokens_.current().type == Token::Type::kName && tokens_.next().IsOperator("=")) {
    std::string name = tokens_.Consume().text;
    tokens_.Consume();
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr value, Parse());
    arguments->named.emplace_back(std::move(name), std::move(value));
  } else {
    if (!arguments->named.empty()) {
      return tokens_.Error("an argument without a name must stand before those with one");
    }
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr value, Parse());
    arguments->positional.push_back(std::move(value));
  }
  return absl::OkStatus();
}

ExpressionParser::Result ExpressionParser::ParseFilter(ast::ExpressionPtr operand) {
  KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("|"));
  ast::Filter filter;
  KUR_ASSIGN_OR_RETURN(filter.name, tokens_.ExpectAnyName("the name of a filter"));
  if (tokens_.current().IsOperator("(")) {
    KUR_ASSIGN_OR_RETURN(filter.arguments, ParseArguments());
  }
  const int depth = std::max(Depth(operand), Depth(filter.arguments));
  filter.operand = std::move(operand);
  return Make(std::move(filter), depth);
}

ExpressionParser::Result ExpressionParser::ParseTest(ast::ExpressionPtr operand) {
  KUR_RETURN_IF_ERROR(tokens_.ExpectName("is"));
  const bool negated = tokens_.ConsumeName("not");
  ast::Test test;
  KUR_ASSIGN_OR_RETURN(test.name, tokens_.ExpectAnyName("the name of a test"));
  const Token& token = tokens_.current();
  const bool has_argument =
      (token.type == Token::Type::kName && !token.IsName("else") && !token.IsName("or") &&
       !token.IsName("and") && !token.IsName("if")) ||
      token.type == Token::Type::kString || token.type == Token::Type::kInteger ||
      token.type == Token::Type::kFloat || token.IsOperator("[") || token.IsOperator("{");
  if (token.IsName("is")) return tokens_.Error("tests with 'is' cannot be chained; use 'and'");
  if (token.IsOperator("(")) {
    KUR_ASSIGN_OR_RETURN(test.arguments, ParseArguments());
  } else if (has_argument) {
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr argument, ParsePrimary());
    KUR_ASSIGN_OR_RETURN(argument, ParsePostfix(std::move(argument)));
    test.arguments.positional.push_back(std::move(argument));
  }
  const int depth = std::max(Depth(operand), Depth(test.arguments));
  test.operand = std::move(operand);
  KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr result, Make(std::move(test), depth));
  if (!negated) return result;
  return Make(ast::Unary{ast::UnaryOperator::kNot, std::move(result)}, depth + 1);
}

}  // namespace kur::jinja
