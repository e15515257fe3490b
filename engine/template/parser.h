#ifndef KUR_ENGINE_TEMPLATE_PARSER_H_
#define KUR_ENGINE_TEMPLATE_PARSER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/template/ast.h"
#include "engine/template/lexer.h"

namespace kur::jinja {

// Parses a normalized template (see NormalizeTemplate()). Expressions and statements nest at most
// `deepest` levels. INVALID_ARGUMENT with the line, RESOURCE_EXHAUSTED when nested too deeply.
absl::StatusOr<ast::Body> ParseTemplate(absl::string_view text, int deepest);

// The tokens of a template and a place among them. Not thread-safe.
class TokenStream {
 public:
  // Takes tokens that end with kEnd.
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  Token Consume() {
    Token token = current();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool ConsumeOperator(absl::string_view op) { return ConsumeIf(current().IsOperator(op)); }
  bool ConsumeName(absl::string_view name) { return ConsumeIf(current().IsName(name)); }

  absl::Status ExpectOperator(absl::string_view op);
  absl::Status ExpectName(absl::string_view name);
  absl::Status Expect(Token::Type type, absl::string_view what);
  absl::StatusOr<std::string> ExpectAnyName(absl::string_view what);

  // Each returns INVALID_ARGUMENT at the current line.
  absl::Status Error(absl::string_view message) const;
  absl::Status Unexpected(absl::string_view expected) const;

 private:
  bool ConsumeIf(bool condition) {
    if (condition) Consume();
    return condition;
  }
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

// Reads expressions, by Jinja2's rules of precedence. Not thread-safe.
class ExpressionParser {
 public:
  ExpressionParser(TokenStream* tokens, int deepest) : tokens_(*tokens), deepest_(deepest) {}

  using Result = absl::StatusOr<ast::ExpressionPtr>;

  // Reads an expression; without `conditional`, an `if` after it belongs to somebody else.
  Result Parse(bool conditional = true);
  // Reads "a, b" too: a tuple without parentheses.
  Result ParseTuple(bool conditional = true);

 private:
  struct BinarySymbol {
    absl::string_view symbol;
    ast::BinaryOperator op;
  };
  using Method = Result (ExpressionParser::*)();

  // Reads operands with `symbols` between them, which group from the left.
  Result ParseBinary(absl::Span<const BinarySymbol> symbols, Method operand);
  Result ParseOr();
  Result ParseAnd();
  Result ParseNot();
  Result ParseComparison();
  Result ParseSum();
  Result ParseConcatenation();
  Result ParseProduct();
  Result ParsePower();
  Result ParseFilterOperand() { return ParseUnary(true); }
  Result ParseUnary(bool with_filters);
  Result ParsePrimary();
  Result ParseName();
  Result ParseParenthesized();
  Result ParseList();
  Result ParseDict();
  Result ParsePostfix(ast::ExpressionPtr object);
  Result ParseFiltersAndTests(ast::ExpressionPtr operand);
  Result ParseDot(ast::ExpressionPtr object);
  Result ParseSubscript(ast::ExpressionPtr object);
  Result ParseCall(ast::ExpressionPtr callee);
  Result ParseFilter(ast::ExpressionPtr operand);
  Result ParseTest(ast::ExpressionPtr operand);
  absl::StatusOr<ast::CallArguments> ParseArguments();
  absl::Status ParseArgument(ast::CallArguments* arguments);
  // Returns null if a bound of a slice is left out.
  Result ParseBound();

  // One level of nesting of what is being read, for as long as it lives. Not thread-safe.
  class Nesting {
   public:
    explicit Nesting(ExpressionParser* parser) : parser_(*parser) { ++parser_.level_; }
    ~Nesting() { --parser_.level_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    // Returns RESOURCE_EXHAUSTED if this level is one too many.
    absl::Status status() const { return parser_.CheckDepth(parser_.level_); }

   private:
    ExpressionParser& parser_;
  };
  absl::Status CheckDepth(int depth) const;

  // Makes a node whose children are `below` levels deep. RESOURCE_EXHAUSTED if that is too deep.
  Result Make(ast::Expression::Node node, int below);

  TokenStream& tokens_;
  const int deepest_;
  int level_ = 0;
};

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_PARSER_H_
