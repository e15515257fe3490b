// Parses statements, and the template as a whole.

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/template/left_out.h"
#include "engine/template/parser.h"
#include "engine/template/runtime.h"

namespace kur::jinja {
namespace {

// Reads one template. Not thread-safe.
class StatementParser {
 public:
  StatementParser(std::vector<Token> tokens, int deepest)
      : tokens_(std::move(tokens)), expressions_(&tokens_, deepest), deepest_(deepest) {}

  // Reads the whole template.
  absl::StatusOr<ast::Body> Parse() { return ParseBody({}); }

 private:
  using Ends = std::vector<absl::string_view>;
  using StatementOr = absl::StatusOr<ast::Statement::Node>;

  // Reads statements up to a tag that is one of `ends`, whose name is the current token afterwards;
  // with none, up to the end of the template.
  absl::StatusOr<ast::Body> ParseBody(const Ends& ends) {
    if (++level_ > deepest_) {
      return absl::ResourceExhaustedError("the template is nested too deeply");
    }
    ast::Body body;
    while (true) {
      const Token token = tokens_.Consume();
      if (token.type == Token::Type::kEnd) break;
      if (token.type == Token::Type::kText) {
        Add(ast::Text{token.text}, token.line, &body);
      } else if (token.type == Token::Type::kOutputBegin) {
        KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr value, expressions_.ParseTuple());
        KUR_RETURN_IF_ERROR(tokens_.Expect(Token::Type::kOutputEnd, "'}}'"));
        Add(ast::Output{std::move(value)}, token.line, &body);
      } else if (IsOneOf(ends)) {
        --level_;
        return body;
      } else {
        KUR_RETURN_IF_ERROR(ParseTag(&body));
      }
    }
    if (!ends.empty()) {
      return tokens_.Error(absl::StrCat("the template ends where '{% ",
                                        absl::StrJoin(ends, " %}' or '{% "), " %}' is missing"));
    }
    --level_;
    return body;
  }

  static void Add(ast::Statement::Node node, int line, ast::Body* body) {
    body->push_back(std::make_unique<ast::Statement>(std::move(node), line));
  }

  bool IsOneOf(const Ends& ends) const {
    return absl::c_any_of(ends,
                          [this](absl::string_view end) { return tokens_.current().IsName(end); });
  }

  // Reads a body after its tag, with the tag that ends it.
  absl::StatusOr<ast::Body> ParseBlock(absl::string_view end) {
    KUR_RETURN_IF_ERROR(EndTag());
    KUR_ASSIGN_OR_RETURN(ast::Body body, ParseBody({end}));
    tokens_.Consume();
    return body;
  }

  absl::Status EndTag() {
    tokens_.ConsumeOperator(":");
    return tokens_.Expect(Token::Type::kBlockEnd, "'%}'");
  }

  // Reads one statement, from its name to the end of its last tag.
  absl::Status ParseTag(ast::Body* body) {
    using Method = StatementOr (StatementParser::*)();
    static const auto* const kStatements =
        new std::vector<std::pair<std::string, Method>>{{"if", &StatementParser::ParseIf},
                                                        {"for", &StatementParser::ParseFor},
                                                        {"set", &StatementParser::ParseSet}};
    const int line = tokens_.current().line;
    if (tokens_.current().type != Token::Type::kName) {
      return tokens_.Unexpected("the name of a statement");
    }
    const std::string name = tokens_.current().text;
    for (const auto& [statement, method] : *kStatements) {
      if (name != statement) continue;
      tokens_.Consume();
      KUR_ASSIGN_OR_RETURN(ast::Statement::Node node, (this->*method)());
      KUR_RETURN_IF_ERROR(tokens_.Expect(Token::Type::kBlockEnd, "'%}'"));
      Add(std::move(node), line, body);
      return absl::OkStatus();
    }
    std::vector<std::string> names = {"endif", "endfor", "else", "elif"};
    if (absl::c_linear_search(names, name)) {
      return tokens_.Error(absl::StrCat("'{% ", name, " %}' ends nothing that is open here"));
    }
    for (const auto& [statement, method] : *kStatements) names.push_back(statement);
    const std::string unknown =
        absl::StrCat("there is no statement '{% ", name, " %}'", DidYouMean(name, names));
    return LeftOut(name, unknown);
  }

  // Says that a statement is left out, or else what else is wrong with it.
  absl::Status LeftOut(absl::string_view name, absl::string_view otherwise) const {
    const std::string message = LeftOutMessage(NameKind::kStatement, name);
    return tokens_.Error(message.empty() ? otherwise : message);
  }

  StatementOr ParseIf() {
    ast::If node;
    while (true) {
      KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr condition, expressions_.ParseTuple(false));
      KUR_RETURN_IF_ERROR(EndTag());
      KUR_ASSIGN_OR_RETURN(ast::Body body, ParseBody({"elif", "else", "endif"}));
      node.branches.emplace_back(std::move(condition), std::move(body));
      if (tokens_.ConsumeName("elif")) continue;
      if (tokens_.Consume().text == "endif") return node;
      KUR_ASSIGN_OR_RETURN(ast::Body otherwise, ParseBlock("endif"));
      node.branches.emplace_back(nullptr, std::move(otherwise));
      return node;
    }
  }

  StatementOr ParseFor() {
    ast::For node;
    KUR_ASSIGN_OR_RETURN(node.target, ParseTarget());
    if (Assigns(node.target, "loop")) return tokens_.Error("a loop cannot assign to 'loop'");
    KUR_RETURN_IF_ERROR(tokens_.ExpectName("in"));
    KUR_ASSIGN_OR_RETURN(node.iterable, expressions_.ParseTuple(false));
    if (tokens_.ConsumeName("if")) {
      KUR_ASSIGN_OR_RETURN(node.condition, expressions_.Parse());
    }
    if (tokens_.ConsumeName("recursive")) return LeftOut("for ... recursive", "");
    KUR_RETURN_IF_ERROR(EndTag());
    KUR_ASSIGN_OR_RETURN(node.body, ParseBody({"else", "endfor"}));
    if (tokens_.Consume().text == "else") {
      KUR_ASSIGN_OR_RETURN(node.otherwise, ParseBlock("endfor"));
    }
    return node;
  }

  StatementOr ParseSet() {
    KUR_ASSIGN_OR_RETURN(ast::Target target, ParseTarget());
    const Token& token = tokens_.current();
    if (token.type == Token::Type::kBlockEnd || token.IsOperator("|")) {
      return LeftOut("set ... endset", "");
    }
    if (token.IsOperator(".")) {
      return tokens_.Error(LeftOutMessage(NameKind::kGlobal, "namespace"));
    }
    KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("="));
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr value, expressions_.ParseTuple());
    return ast::Set{std::move(target), std::move(value)};
  }

  // Reads "a", "a, b" or "(a, b)".
  absl::StatusOr<ast::Target> ParseTarget() {
    ast::Target several;
    while (true) {
      KUR_ASSIGN_OR_RETURN(ast::Target part, ParseSingleTarget());
      if (!tokens_.ConsumeOperator(",")) {
        if (several.parts.empty()) return part;
        several.parts.push_back(std::move(part));
        return several;
      }
      several.parts.push_back(std::move(part));
      const Token& token = tokens_.current();
      if (token.IsName("in") || token.IsOperator("=") || token.IsOperator(")")) return several;
    }
  }

  absl::StatusOr<ast::Target> ParseSingleTarget() {
    if (tokens_.ConsumeOperator("(")) {
      if (++level_ > deepest_) {
        return absl::ResourceExhaustedError("the template is nested too deeply");
      }
      KUR_ASSIGN_OR_RETURN(ast::Target inner, ParseTarget());
      --level_;
      KUR_RETURN_IF_ERROR(tokens_.ExpectOperator(")"));
      return inner;
    }
    ast::Target target;
    KUR_ASSIGN_OR_RETURN(target.name, tokens_.ExpectAnyName("a name to assign to"));
    for (const absl::string_view constant : {"true", "false", "none", "True", "False", "None"}) {
      if (target.name == constant) return tokens_.Error("cannot assign to a constant");
    }
    return target;
  }

  static bool Assigns(const ast::Target& target, absl::string_view name) {
    return target.name == name || absl::c_any_of(target.parts, [name](const ast::Target& part) {
             return Assigns(part, name);
           });
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
  const int deepest_;
  int level_ = 0;
};

}  // namespace

absl::StatusOr<ast::Body> ParseTemplate(absl::string_view text, int deepest) {
  KUR_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  return StatementParser(std::move(tokens), deepest).Parse();
}

}  // namespace kur::jinja
