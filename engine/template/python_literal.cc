#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/template/python_string.h"
#include "engine/template/template.h"

namespace kur {
namespace {

constexpr int kDeepestLiteral = 100;

// Reads one literal by recursive descent. Every method is false, and the reader is then of no more
// use, if what stands here is no literal. Not thread-safe.
class LiteralReader {
 public:
  explicit LiteralReader(absl::string_view text) : rest_(text) {}

  bool ReadAll(Value* value) {
    // At the start literal_eval() forgives blanks; elsewhere Python's own rules hold.
    rest_ = absl::StripLeadingAsciiWhitespace(rest_);
    bool is_tuple = false;
    Value::List items;
    do {
      Value item;
      if (!items.empty() && AtEnd()) break;
      if (!ReadValue(&item)) return false;
      items.push_back(std::move(item));
      is_tuple |= Peek(',');
    } while (Consume(','));
    if (!AtEnd()) return false;
    *value = is_tuple ? Value(std::move(items)) : std::move(items.front());
    return true;
  }

 private:
  // Skips white space and comments; line ends only inside brackets.
  void SkipSpace() {
    while (!rest_.empty()) {
      if (rest_[0] == '#') {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      } else if (absl::StrContains(absl::string_view(" \t\f"), rest_[0]) ||
                 (brackets_ > 0 && (rest_[0] == '\n' || rest_[0] == '\r'))) {
        rest_.remove_prefix(1);
      } else if (rest_.size() > 2 && absl::StartsWith(rest_, "\\\n")) {
        rest_.remove_prefix(2);
      } else {
        return;
      }
    }
  }
  // Returns whether only white space, line ends and comments are left.
  bool AtEnd() {
    const absl::string_view here = rest_;
    ++brackets_;
    SkipSpace();
    --brackets_;
    if (rest_.empty()) return true;
    rest_ = here;
    return false;
  }
  bool Peek(char c) {
    SkipSpace();
    return !rest_.empty() && rest_[0] == c;
  }
  bool Consume(char c) {
    if (!Peek(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool ReadValue(Value* value) {
    SkipSpace();
    if (rest_.empty()) return false;
    const char c = rest_[0];
    if (c == '+' || c == '-') return ReadSigned(value);
    if (absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '.') return ReadNumber(value);
    if (c == '(' || c == '[' || c == '{') return ReadBrackets(c, value);
    if (IsStringStart()) return ReadStrings(value);
    return ReadConstant(value);
  }

  bool ReadSigned(Value* value) {
    const bool negative = rest_[0] == '-';
    rest_.remove_prefix(1);
    SkipSpace();
    if (Consume('(')) {
      if (++brackets_ > kDeepestLiteral || !ReadNumber(value) || !Consume(')')) return false;
      --brackets_;
    } else if (!ReadNumber(value)) {
      return false;
    }
    if (!negative) return true;
    *value = value->is_int() ? Value(-value->as_int()) : Value(-value->as_float());
    return true;
  }

  bool ReadNumber(Value* value) {
    SkipSpace();
    const jinja::PythonNumber number = jinja::ReadNumber(rest_);
    if (number.length == 0 || number.overflow) return false;
    rest_.remove_prefix(number.length);
    if (!rest_.empty() && jinja::IsNameByte(rest_[0])) return false;
    *value = number.is_float ? Value(number.number) : Value(number.integer);
    return true;
  }

  bool ReadConstant(Value* value) {
    size_t length = 0;
    while (length < rest_.size() && jinja::IsNameByte(rest_[length])) ++length;
    const absl::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    if (name == "True" || name == "False") {
      *value = Value(name == "True");
      return true;
    }
    if (name == "None") {
      *value = Value();
      return true;
    }
    *value = Value(Value::List());
    return name == "set" && Consume('(') && Consume(')');
  }

  // Returns whether a string begins here, which may have a prefix such as r or U.
  bool IsStringStart() const {
    const size_t quote = rest_.find_first_of("'\"");
    if (quote == 0) return true;
    return quote == 1 && absl::StrContains(absl::string_view("rRuU"), rest_[0]);
  }

  // Reads strings that stand side by side as one.
  bool ReadStrings(Value* value) {
    std::string text;
    do {
      if (!ReadString(&text)) return false;
      SkipSpace();
    } while (IsStringStart());
    *value = Value(std::move(text));
    return true;
  }

  bool ReadString(std::string* text) {
    const bool raw = rest_[0] == 'r' || rest_[0] == 'R';
    if (rest_[0] != '\'' && rest_[0] != '"') rest_.remove_prefix(1);
    const std::string triple(3, rest_[0]);
    const bool is_triple = absl::StartsWith(rest_, triple);
    const absl::string_view quote = absl::string_view(triple).substr(0, is_triple ? 3 : 1);
    rest_.remove_prefix(quote.size());
    size_t end = 0;
    while (end < rest_.size() && !absl::StartsWith(rest_.substr(end), quote)) {
      if (!is_triple && rest_[end] == '\n') return false;
      end += rest_[end] == '\\' ? 2 : 1;
    }
    if (end >= rest_.size()) return false;
    const absl::string_view content = rest_.substr(0, end);
    rest_.remove_prefix(end + quote.size());
    std::string part(content);
    if (!raw && !jinja::ResolveEscapes(content, &part)) return false;
    *text += part;
    return true;
  }

  bool ReadBrackets(char open, Value* value) {
    rest_.remove_prefix(1);
    if (++brackets_ > kDeepestLiteral) return false;
    const bool ok = open == '{' ? ReadDictOrSet(value) : ReadList(open == '(', value);
    --brackets_;
    return ok;
  }

  // Reads "[a, b]", "(a, b)", or "(a)", which is a itself.
  bool ReadList(bool round, Value* value) {
    const char close = round ? ')' : ']';
    Value::List items;
    bool has_comma = false;
    while (!Peek(close)) {
      Value item;
      if (!ReadValue(&item)) return false;
      items.push_back(std::move(item));
      if (!Consume(',')) break;
      has_comma = true;
    }
    if (!Consume(close)) return false;
    const bool grouped = round && !has_comma && items.size() == 1;
    *value = grouped ? std::move(items.front()) : Value(std::move(items));
    return true;
  }

  bool ReadDictOrSet(Value* value) {
    if (Consume('}')) {
      *value = Value(Dict());
      return true;
    }
    Value first;
    if (!ReadValue(&first) || !IsHashable(first)) return false;
    return Peek(':') ? ReadDict(std::move(first), value) : ReadSet(std::move(first), value);
  }

  bool ReadDict(Value key, Value* value) {
    Dict dict;
    while (true) {
      Value item;
      if (!Consume(':') || !ReadValue(&item)) return false;
      dict.Set(std::move(key), std::move(item));
      const bool more = Consume(',');
      if (Consume('}')) break;
      if (!more || !ReadValue(&key) || !IsHashable(key)) return false;
    }
    *value = Value(std::move(dict));
    return true;
  }

  bool ReadSet(Value item, Value* value) {
    Value::List items;
    absl::flat_hash_set<std::string> seen;
    while (true) {
      if (seen.insert(ToJson(item)).second) items.push_back(std::move(item));
      const bool more = Consume(',');
      if (Consume('}')) break;
      if (!more || !ReadValue(&item) || !IsHashable(item)) return false;
    }
    *value = Value(std::move(items));
    return true;
  }

  // Returns whether a value can be a key: a scalar.
  static bool IsHashable(const Value& value) { return !value.is_list() && !value.is_dict(); }

  absl::string_view rest_;
  int brackets_ = 0;
};

}  // namespace

bool ParsePythonLiteral(absl::string_view text, Value* value) {
  // Most texts are words: decide them by their first letter.
  static constexpr absl::string_view kStarts = "+-.'\"([{0123456789TFNsrRuU";
  const absl::string_view start = absl::StripLeadingAsciiWhitespace(text);
  if (start.empty()) return false;
  if (start[0] != '\\' && start[0] != '#' && !absl::StrContains(kStarts, start[0])) {
    return false;
  }
  Value result;
  if (!LiteralReader(text).ReadAll(&result)) return false;
  *value = std::move(result);
  return true;
}

}  // namespace kur
