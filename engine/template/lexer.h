#ifndef KUR_ENGINE_TEMPLATE_LEXER_H_
#define KUR_ENGINE_TEMPLATE_LEXER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur::jinja {

struct Token {
  enum class Type {
    kText,         // template data, white space control applied
    kOutputBegin,  // {{
    kOutputEnd,
    kBlockBegin,  // {%
    kBlockEnd,
    kName,
    kString,  // `text` is the content, escapes resolved
    kInteger,
    kFloat,
    kOperator,  // `text` is the operator
    kEnd        // of the template
  };
  Type type = Type::kEnd;
  std::string text;
  int64_t integer = 0;
  double number = 0;
  int line = 1;

  bool IsName(absl::string_view name) const { return type == Type::kName && text == name; }
  bool IsOperator(absl::string_view op) const { return type == Type::kOperator && text == op; }
  // As shown in messages.
  std::string Describe() const;
};

// Line ends become "\n" and one at the very end goes, as Jinja2 does before it reads a template.
std::string NormalizeTemplate(absl::string_view text);

// The tokens of a normalized template, ending with kEnd. INVALID_ARGUMENT with the line.
absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view text);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_LEXER_H_
