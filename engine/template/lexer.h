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
  // Returns how messages show it.
  std::string Describe() const;
};

// Makes "\n" of every line end and takes one at the very end away, as Jinja2 does before it reads.
std::string NormalizeTemplate(absl::string_view text);

// Splits a normalized template into tokens, of which the last is kEnd. INVALID_ARGUMENT with the
// line.
absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view text);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_LEXER_H_
