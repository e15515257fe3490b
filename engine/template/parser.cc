// Parses operators. What they work on is in operand_parser.cc, statements in statement_parser.cc.

#include "engine/template/parser.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/runtime.h"

namespace kur::jinja {
namespace {

bool TakeComparison(TokenStream* tokens, ast::Comparison* comparison) {
  static constexpr std::pair<absl::string_view, ast::Comparison> kSymbols[] = {
      {"==", ast::Comparison::kEqual},  {"!=", ast::Comparison::kNotEqual},
      {"<", ast::Comparison::kLess},    {"<=", ast::Comparison::kLessEqual},
      {">", ast::Comparison::kGreater}, {">=", ast::Comparison::kGreaterEqual}};
  for (const auto& [symbol, meaning] : kSymbols) {
    *comparison = meaning;
    if (tokens->ConsumeOperator(symbol)) return true;
  }
  *comparison = ast::Comparison::kIn;
  if (tokens->ConsumeName("in")) return true;
  *comparison = ast::Comparison::kNotIn;
  return tokens->current().IsName("not") && tokens->next().IsName("in") &&
         tokens->ConsumeName("not") && tokens->ConsumeName("in");
}

}  // namespace

absl::Status TokenStream::Error(absl::string_view message) const {
  const int line = current().line;
  return Fail(message, line > 1 ? absl::StrCat(" (line ", line, " of the template)") : "");
}

absl::Status TokenStream::Unexpected(absl::string_view expected) const {
  return Error(absl::StrCat("expected ", expected, ", got ", current().Describe()));
}

absl::Status TokenStream::ExpectOperator(absl::string_view op) {
  return ConsumeOperator(op) ? absl::OkStatus() : Unexpected(absl::StrCat("'", op, "'"));
}

absl::Status TokenStream::ExpectName(absl::string_view name) {
  return ConsumeName(name) ? absl::OkStatus() : Unexpected(absl::StrCat("'", name, "'"));
}

absl::Status TokenStream::Expect(Token::Type type, absl::string_view what) {
  return ConsumeIf(current().type == type) ? absl::OkStatus() : Unexpected(what);
}

absl::StatusOr<std::string> TokenStream::ExpectAnyName(absl::string_view what) {
  if (current().type != Token::Type::kName) return Unexpected(what);
  return Consume().text;
}

absl::Status ExpressionParser::CheckDepth(int depth) const {
  if (depth <= deepest_) return absl::OkStatus();
  return absl::ResourceExhaustedError("the template is nested too deeply");
}

ExpressionParser::Result ExpressionParser::Make(ast::Expression::Node node, int below) {
  KUR_RETURN_IF_ERROR(CheckDepth(below + 1));
  return std::make_unique<ast::Expression>(std::move(node), below + 1);
}

ExpressionParser::Result ExpressionParser::Parse(bool conditional) {
  const Nesting nesting(this);
  KUR_RETURN_IF_ERROR(nesting.status());
  KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr value, ParseOr());
  while (conditional && tokens_.ConsumeName("if")) {
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr condition, ParseOr());
    ast::ExpressionPtr otherwise;
    if (tokens_.ConsumeName("else")) {
      KUR_ASSIGN_OR_RETURN(otherwise, Parse());
    }
    const int depth = std::max({Depth(condition), Depth(value), Depth(otherwise)});
    KUR_ASSIGN_OR_RETURN(
        value, Make(ast::Conditional{std::move(condition), std::move(value), std::move(otherwise)},
                    depth));
  }
  return value;
}

ExpressionParser::Result ExpressionParser::ParseTuple(bool conditional) {
  ast::ListDisplay tuple{{}, true};
  bool has_comma = false;
  while (true) {
    const Token& token = tokens_.current();
    const bool at_end = token.type == Token::Type::kOutputEnd ||
                        token.type == Token::Type::kBlockEnd || token.IsOperator(")");
    if (at_end) break;
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr item, Parse(conditional));
    tuple.items.push_back(std::move(item));
    if (!tokens_.ConsumeOperator(",")) break;
    has_comma = true;
  }
  if (!has_comma && tuple.items.empty()) return tokens_.Unexpected("an expression");
  if (!has_comma) return std::move(tuple.items.front());
  const int depth = Depth(tuple.items);
  return Make(std::move(tuple), depth);
}

ExpressionParser::Result ExpressionParser::ParseBinary(absl::Span<const BinarySymbol> symbols,
                                                       Method operand) {
  KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr left, (this->*operand)());
  while (true) {
    const auto symbol = absl::c_find_if(symbols, [this](const BinarySymbol& s) {
      return tokens_.ConsumeOperator(s.symbol) || tokens_.ConsumeName(s.symbol);
    });
    if (symbol == symbols.end()) return left;
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr right, (this->*operand)());
    const int depth = std::max(Depth(left), Depth(right));
    KUR_ASSIGN_OR_RETURN(left,
                         Make(ast::Binary{symbol->op, std::move(left), std::move(right)}, depth));
  }
}

ExpressionParser::Result ExpressionParser::ParseOr() {
  static constexpr BinarySymbol kOr[] = {{"or", ast::BinaryOperator::kOr}};
  return ParseBinary(kOr, &ExpressionParser::ParseAnd);
}

ExpressionParser::Result ExpressionParser::ParseAnd() {
  static constexpr BinarySymbol kAnd[] = {{"and", ast::BinaryOperator::kAnd}};
  return ParseBinary(kAnd, &ExpressionParser::ParseNot);
}

ExpressionParser::Result ExpressionParser::ParseNot() {
  if (!tokens_.ConsumeName("not")) return ParseComparison();
  const Nesting nesting(this);
  KUR_RETURN_IF_ERROR(nesting.status());
  KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr operand, ParseNot());
  const int depth = Depth(operand);
  return Make(ast::Unary{ast::UnaryOperator::kNot, std::move(operand)}, depth);
}

ExpressionParser::Result ExpressionParser::ParseComparison() {
  KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr first, ParseSum());
  ast::ComparisonChain chain;
  ast::Comparison comparison;
  int depth = Depth(first);
  while (TakeComparison(&tokens_, &comparison)) {
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr operand, ParseSum());
    depth = std::max(depth, Depth(operand));
    chain.rest.emplace_back(comparison, std::move(operand));
  }
  if (chain.rest.empty()) return first;
  chain.first = std::move(first);
  return Make(std::move(chain), depth);
}

ExpressionParser::Result ExpressionParser::ParseSum() {
  static constexpr BinarySymbol kSums[] = {{"+", ast::BinaryOperator::kAdd},
                                           {"-", ast::BinaryOperator::kSubtract}};
  return ParseBinary(kSums, &ExpressionParser::ParseConcatenation);
}

ExpressionParser::Result ExpressionParser::ParseConcatenation() {
  ast::Concatenation concatenation;
  do {
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr part, ParseProduct());
    concatenation.parts.push_back(std::move(part));
  } while (tokens_.ConsumeOperator("~"));
  if (concatenation.parts.size() == 1) return std::move(concatenation.parts.front());
  const int depth = Depth(concatenation.parts);
  return Make(std::move(concatenation), depth);
}

ExpressionParser::Result ExpressionParser::ParseProduct() {
  static constexpr BinarySymbol kProducts[] = {{"*", ast::BinaryOperator::kMultiply},
                                               {"/", ast::BinaryOperator::kDivide},
                                               {"//", ast::BinaryOperator::kFloorDivide},
                                               {"%", ast::BinaryOperator::kModulo}};
  return ParseBinary(kProducts, &ExpressionParser::ParsePower);
}

// In Jinja2 `**` groups from the left and binds less tightly than a sign.
ExpressionParser::Result ExpressionParser::ParsePower() {
  static constexpr BinarySymbol kPowers[] = {{"**", ast::BinaryOperator::kPower}};
  return ParseBinary(kPowers, &ExpressionParser::ParseFilterOperand);
}

}  // namespace kur::jinja
