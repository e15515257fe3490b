#ifndef KUR_ENGINE_TEMPLATE_PARSER_H_
#define KUR_ENGINE_TEMPLATE_PARSER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/template/ast.h"
#include "engine/template/lexer.h"

namespace kur::jinja {

// Parses a normalized template (see NormalizeTemplate()). Expressions and statements nest at most
// `deepest` levels. INVALID_ARGUMENT with the line, RESOURCE_EXHAUSTED when nested too deeply.
absl::StatusOr<ast::Body> ParseTemplate(absl::string_view text, int deepest);

// The tokens of a template and a place among them.
class TokenStream {
 public:
  // `tokens` ends with kEnd.
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  Token Take() {
    Token token = current();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool TakeOperator(absl::string_view op) { return TakeIf(current().IsOperator(op)); }
  bool TakeName(absl::string_view name) { return TakeIf(current().IsName(name)); }

  absl::Status ExpectOperator(absl::string_view op);
  absl::Status ExpectName(absl::string_view name);
  absl::Status Expect(Token::Type type, absl::string_view what);
  absl::StatusOr<std::string> ExpectAnyName(absl::string_view what);

  // INVALID_ARGUMENT at the current line.
  absl::Status Error(absl::string_view message) const;
  absl::Status Unexpected(absl::string_view expected) const;

 private:
  bool TakeIf(bool condition) {
    if (condition) Take();
    return condition;
  }
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

// Reads expressions, by Jinja2's rules of precedence.
class ExpressionParser {
 public:
  ExpressionParser(TokenStream* tokens, int deepest) : tokens_(*tokens), deepest_(deepest) {}

  using Result = absl::StatusOr<ast::ExpressionPtr>;

  // An expression; without `conditional`, an `if` after it belongs to somebody else.
  Result Parse(bool conditional = true);
  // Also "a, b": a tuple without parentheses. Stops before the name `stop`.
  Result ParseTuple(bool conditional = true, absl::string_view stop = "");
  // "| filter(...) | ..." applied to `operand` (null in a filter block, whose first filter has no
  // "|": `starts_with_name`). Gives `operand` if no filter follows.
  Result ParseFilters(ast::ExpressionPtr operand, bool starts_with_name = false);

  // The special names read so far: a macro that mentions one takes what it stands for.
  struct SpecialNames {
    bool varargs = false, kwargs = false, caller = false;
  };
  SpecialNames* special_names() { return &special_names_; }

 private:
  Result ParseOr();
  Result ParseAnd();
  Result ParseNot();
  Result ParseComparison();
  Result ParseSum();
  Result ParseConcatenation();
  Result ParseProduct();
  Result ParsePower();
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
  Result ParseTest(ast::ExpressionPtr operand);
  absl::StatusOr<ast::CallArguments> ParseArguments();
  absl::Status ParseArgument(ast::CallArguments* arguments);
  absl::StatusOr<std::string> ParseDottedName(absl::string_view what);
  // Null, if a bound of a slice is left out.
  Result ParseBound();

  // A level of nesting of what is being read, for as long as it lives.
  class Nesting {
   public:
    explicit Nesting(ExpressionParser* parser) : parser_(*parser) { ++parser_.level_; }
    ~Nesting() { --parser_.level_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    // RESOURCE_EXHAUSTED if this level is one too many.
    absl::Status status() const { return parser_.CheckDepth(parser_.level_); }

   private:
    ExpressionParser& parser_;
  };
  absl::Status CheckDepth(int depth) const;

  // The node, whose children are `below` levels deep. RESOURCE_EXHAUSTED if that is too deep.
  Result Make(ast::Expression::Node node, int below);

  TokenStream& tokens_;
  const int deepest_;
  int level_ = 0;
  SpecialNames special_names_;
};

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_PARSER_H_
