// Statements, and the template as a whole.

#include <algorithm>
#include <initializer_list>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/template/parser.h"
#include "engine/template/runtime.h"

namespace kur::jinja {
namespace {

class StatementParser {
 public:
  StatementParser(std::vector<Token> tokens, int deepest)
      : tokens_(std::move(tokens)), expressions_(&tokens_, deepest), deepest_(deepest) {}

  // The whole template.
  absl::StatusOr<ast::Body> Parse() { return ParseBody({}); }

 private:
  using Ends = std::vector<absl::string_view>;
  using StatementOr = absl::StatusOr<ast::Statement::Node>;

  // Statements up to a tag that is one of `ends`, whose name is the current token afterwards;
  // with none, up to the end of the template.
  absl::StatusOr<ast::Body> ParseBody(const Ends& ends) {
    if (++level_ > deepest_) {
      return absl::ResourceExhaustedError("the template is nested too deeply");
    }
    ast::Body body;
    while (true) {
      const Token token = tokens_.Take();
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

  // A body after its tag, with the tag that ends it.
  absl::StatusOr<ast::Body> ParseBlock(absl::string_view end) {
    KUR_RETURN_IF_ERROR(EndTag());
    KUR_ASSIGN_OR_RETURN(ast::Body body, ParseBody({end}));
    tokens_.Take();
    return body;
  }

  absl::Status EndTag() {
    tokens_.TakeOperator(":");
    return tokens_.Expect(Token::Type::kBlockEnd, "'%}'");
  }

  // One statement, from its name to the end of its last tag.
  absl::Status ParseTag(ast::Body* body) {
    using Method = StatementOr (StatementParser::*)();
    static const auto* const kStatements = new std::vector<std::pair<std::string, Method>>{
        {"if", &StatementParser::ParseIf},         {"for", &StatementParser::ParseFor},
        {"set", &StatementParser::ParseSet},       {"with", &StatementParser::ParseWith},
        {"macro", &StatementParser::ParseMacro},   {"call", &StatementParser::ParseCall},
        {"filter", &StatementParser::ParseFilter}, {"print", &StatementParser::ParsePrint}};
    const int line = tokens_.current().line;
    if (tokens_.current().type != Token::Type::kName) {
      return tokens_.Unexpected("the name of a statement");
    }
    const std::string name = tokens_.current().text;
    for (const auto& [statement, method] : *kStatements) {
      if (name != statement) continue;
      tokens_.Take();
      KUR_ASSIGN_OR_RETURN(ast::Statement::Node node, (this->*method)());
      KUR_RETURN_IF_ERROR(tokens_.Expect(Token::Type::kBlockEnd, "'%}'"));
      Add(std::move(node), line, body);
      return absl::OkStatus();
    }
    for (const absl::string_view other : {"include", "import", "from", "extends", "block"}) {
      if (name == other) {
        return tokens_.Error(absl::StrCat("'{% ", name, " %}' is not part of Kurfiles; use the ",
                                          "key 'include:' to put files together"));
      }
    }
    std::vector<std::string> names;
    for (const auto& [statement, method] : *kStatements) names.push_back(statement);
    for (const char* end : {"endif", "endfor", "else", "elif"}) names.emplace_back(end);
    const bool misplaced = absl::StartsWith(name, "end") || name == "else" || name == "elif";
    return tokens_.Error(
        misplaced
            ? absl::StrCat("'{% ", name, " %}' ends nothing that is open here")
            : absl::StrCat("there is no statement '{% ", name, " %}'", DidYouMean(name, names)));
  }

  StatementOr ParseIf() {
    ast::If node;
    while (true) {
      KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr condition, expressions_.ParseTuple(false));
      KUR_RETURN_IF_ERROR(EndTag());
      KUR_ASSIGN_OR_RETURN(ast::Body body, ParseBody({"elif", "else", "endif"}));
      node.branches.emplace_back(std::move(condition), std::move(body));
      if (tokens_.TakeName("elif")) continue;
      if (tokens_.Take().text == "endif") return node;
      KUR_ASSIGN_OR_RETURN(ast::Body otherwise, ParseBlock("endif"));
      node.branches.emplace_back(nullptr, std::move(otherwise));
      return node;
    }
  }

  StatementOr ParseFor() {
    ast::For node;
    KUR_ASSIGN_OR_RETURN(node.target, ParseTarget(false));
    if (Assigns(node.target, "loop")) return tokens_.Error("a loop cannot assign to 'loop'");
    KUR_RETURN_IF_ERROR(tokens_.ExpectName("in"));
    KUR_ASSIGN_OR_RETURN(node.iterable, expressions_.ParseTuple(false, "recursive"));
    if (tokens_.TakeName("if")) {
      KUR_ASSIGN_OR_RETURN(node.condition, expressions_.Parse());
    }
    node.recursive = tokens_.TakeName("recursive");
    KUR_RETURN_IF_ERROR(EndTag());
    KUR_ASSIGN_OR_RETURN(node.body, ParseBody({"else", "endfor"}));
    if (tokens_.Take().text == "else") {
      KUR_ASSIGN_OR_RETURN(node.otherwise, ParseBlock("endfor"));
    }
    return node;
  }

  StatementOr ParseSet() {
    KUR_ASSIGN_OR_RETURN(ast::Target target, ParseTarget(true));
    if (tokens_.TakeOperator("=")) {
      KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr value, expressions_.ParseTuple());
      return ast::Set{std::move(target), std::move(value)};
    }
    ast::SetBlock node;
    node.target = std::move(target);
    KUR_ASSIGN_OR_RETURN(node.filter, expressions_.ParseFilters(nullptr));
    KUR_ASSIGN_OR_RETURN(node.body, ParseBlock("endset"));
    return node;
  }

  StatementOr ParseWith() {
    ast::With node;
    while (tokens_.current().type != Token::Type::kBlockEnd) {
      if (!node.assignments.empty()) KUR_RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      KUR_ASSIGN_OR_RETURN(ast::Target target, ParseSingleTarget(false));
      KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("="));
      KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr value, expressions_.Parse());
      node.assignments.emplace_back(std::move(target), std::move(value));
    }
    KUR_ASSIGN_OR_RETURN(node.body, ParseBlock("endwith"));
    return node;
  }

  StatementOr ParseMacro() {
    ast::MacroDefinition node;
    KUR_ASSIGN_OR_RETURN(node.name, tokens_.ExpectAnyName("the name of a macro"));
    if (!tokens_.current().IsOperator("(")) return tokens_.Unexpected("'('");
    KUR_RETURN_IF_ERROR(ParseMacroRest("endmacro", &node));
    return node;
  }

  StatementOr ParseCall() {
    ast::CallBlock node;
    node.caller.name = "caller";
    if (tokens_.current().IsOperator("(")) KUR_RETURN_IF_ERROR(ParseParameters(&node.caller));
    KUR_ASSIGN_OR_RETURN(node.call, expressions_.Parse());
    if (!std::holds_alternative<ast::Call>(node.call->node)) {
      return tokens_.Error("'{% call %}' needs the call of a macro, as in '{% call box() %}'");
    }
    KUR_RETURN_IF_ERROR(ParseMacroBody("endcall", &node.caller));
    return node;
  }

  StatementOr ParseFilter() {
    ast::FilterBlock node;
    KUR_ASSIGN_OR_RETURN(node.filter, expressions_.ParseFilters(nullptr, true));
    KUR_ASSIGN_OR_RETURN(node.body, ParseBlock("endfilter"));
    return node;
  }

  StatementOr ParsePrint() {
    KUR_ASSIGN_OR_RETURN(ast::ExpressionPtr value, expressions_.Parse());
    return ast::Output{std::move(value)};
  }

  absl::Status ParseMacroRest(absl::string_view end, ast::MacroDefinition* macro) {
    KUR_RETURN_IF_ERROR(ParseParameters(macro));
    return ParseMacroBody(end, macro);
  }

  // Names that a macro mentions count for the macro around it too.
  absl::Status ParseMacroBody(absl::string_view end, ast::MacroDefinition* macro) {
    ExpressionParser::SpecialNames& names = *expressions_.special_names();
    const ExpressionParser::SpecialNames outer = names;
    names = {};
    KUR_ASSIGN_OR_RETURN(macro->body, ParseBlock(end));
    macro->uses_varargs = names.varargs;
    macro->uses_kwargs = names.kwargs;
    macro->uses_caller = names.caller;
    names.varargs |= outer.varargs;
    names.kwargs |= outer.kwargs;
    names.caller |= outer.caller;
    return absl::OkStatus();
  }

  absl::Status ParseParameters(ast::MacroDefinition* macro) {
    KUR_RETURN_IF_ERROR(tokens_.ExpectOperator("("));
    while (!tokens_.current().IsOperator(")")) {
      KUR_ASSIGN_OR_RETURN(std::string name, tokens_.ExpectAnyName("the name of a parameter"));
      ast::ExpressionPtr value;
      if (tokens_.TakeOperator("=")) {
        KUR_ASSIGN_OR_RETURN(value, expressions_.Parse());
      } else if (!macro->parameters.empty() && macro->parameters.back().second != nullptr) {
        return tokens_.Error("a parameter without a default must stand before those with one");
      }
      macro->parameters.emplace_back(std::move(name), std::move(value));
      if (!tokens_.TakeOperator(",")) break;
    }
    return tokens_.ExpectOperator(")");
  }

  // "a", "a, b", "(a, b)" or, where that may be, "namespace.attribute".
  absl::StatusOr<ast::Target> ParseTarget(bool with_attribute) {
    ast::Target several;
    while (true) {
      KUR_ASSIGN_OR_RETURN(ast::Target part, ParseSingleTarget(with_attribute));
      if (!tokens_.TakeOperator(",")) {
        if (several.parts.empty()) return part;
        several.parts.push_back(std::move(part));
        return several;
      }
      several.parts.push_back(std::move(part));
      const Token& token = tokens_.current();
      if (token.IsName("in") || token.IsOperator("=") || token.IsOperator(")")) return several;
    }
  }

  absl::StatusOr<ast::Target> ParseSingleTarget(bool with_attribute) {
    if (tokens_.TakeOperator("(")) {
      if (++level_ > deepest_) {
        return absl::ResourceExhaustedError("the template is nested too deeply");
      }
      KUR_ASSIGN_OR_RETURN(ast::Target inner, ParseTarget(false));
      --level_;
      KUR_RETURN_IF_ERROR(tokens_.ExpectOperator(")"));
      return inner;
    }
    ast::Target target;
    KUR_ASSIGN_OR_RETURN(target.name, tokens_.ExpectAnyName("a name to assign to"));
    for (const absl::string_view constant : {"true", "false", "none", "True", "False", "None"}) {
      if (target.name == constant) return tokens_.Error("cannot assign to a constant");
    }
    if (with_attribute && tokens_.TakeOperator(".")) {
      KUR_ASSIGN_OR_RETURN(target.attribute, tokens_.ExpectAnyName("the name of an attribute"));
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
