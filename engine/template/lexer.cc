#include "engine/template/lexer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/template/left_out.h"
#include "engine/template/python_string.h"
#include "engine/template/runtime.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

// A thousand times what anyone writes. Texts that templates make of each other have more, and the
// tree of what they say takes a hundred times the memory of the text.
constexpr size_t kMostTokens = 100000;

absl::string_view StripLeft(absl::string_view text) { return Strip(text, nullptr, true, false); }

// Splits one template into tokens. Not thread-safe.
class Lexer {
 public:
  explicit Lexer(absl::string_view text) : rest_(text) {}

  absl::StatusOr<std::vector<Token>> Run() {
    while (!rest_.empty()) {
      KUR_RETURN_IF_ERROR(ReadTextAndTag());
      KUR_RETURN_IF_ERROR(CheckSize());
    }
    Add(Token::Type::kEnd, "");
    return std::move(tokens_);
  }

 private:
  void Skip(size_t bytes) {
    line_ += static_cast<int>(std::count(rest_.begin(), rest_.begin() + bytes, '\n'));
    rest_.remove_prefix(bytes);
  }
  void SkipSpace() { Skip(rest_.size() - StripLeft(rest_).size()); }

  void Add(Token::Type type, absl::string_view text) {
    Token token;
    token.type = type;
    token.text = std::string(text);
    token.line = line_;
    tokens_.push_back(std::move(token));
  }

  absl::Status CheckSize() const {
    if (tokens_.size() <= kMostTokens) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("the template has more than ", kMostTokens, " words and signs"));
  }

  absl::Status Error(absl::string_view message) const {
    return Fail(message, line_ > 1 ? absl::StrCat(" (line ", line_, " of the template)") : "");
  }

  void AddText(absl::string_view text, bool strip) {
    if (strip) text = Strip(text, nullptr, false, true);
    if (!text.empty()) Add(Token::Type::kText, text);
  }

  // Reads text up to the next tag, and that tag.
  absl::Status ReadTextAndTag() {
    size_t begin = rest_.find('{');
    while (begin != absl::string_view::npos && !IsTagAt(begin)) begin = rest_.find('{', begin + 1);
    if (begin == absl::string_view::npos) {
      AddText(rest_, false);
      rest_ = {};
      return absl::OkStatus();
    }
    const bool strip = begin + 2 < rest_.size() && rest_[begin + 2] == '-';
    AddText(rest_.substr(0, begin), strip);
    Skip(begin);
    const char kind = rest_[1];
    const bool sign = rest_.size() > 2 && (rest_[2] == '-' || rest_[2] == '+');
    if (kind != '#') {
      Add(kind == '{' ? Token::Type::kOutputBegin : Token::Type::kBlockBegin, rest_.substr(0, 2));
    }
    Skip(sign ? 3 : 2);
    if (kind == '#') return ReadComment();
    return ReadTag(kind == '{');
  }

  bool IsTagAt(size_t at) const {
    if (at + 1 >= rest_.size()) return false;
    const char next = rest_[at + 1];
    return next == '{' || next == '%' || next == '#';
  }

  absl::Status ReadComment() {
    const size_t end = rest_.find("#}");
    if (end == absl::string_view::npos) return Error("a comment '{#' is not closed by '#}'");
    const bool strip = end > 0 && rest_[end - 1] == '-';
    Skip(end + 2);
    if (strip) SkipSpace();
    return absl::OkStatus();
  }

  // Reads the end of the current tag, if it stands here.
  bool ReadTagEnd(bool output) {
    const absl::string_view end = output ? "}}" : "%}";
    if (absl::StartsWith(rest_, end)) {
      Skip(2);
    } else if (rest_.size() >= 3 && rest_[0] == '-' && rest_.substr(1, 2) == end) {
      Skip(3);
      SkipSpace();
    } else if (!output && absl::StartsWith(rest_, "+%}")) {
      Skip(3);
    } else {
      return false;
    }
    Add(output ? Token::Type::kOutputEnd : Token::Type::kBlockEnd, end);
    return true;
  }

  absl::Status ReadTag(bool output) {
    std::string open;  // brackets that are not closed yet
    while (!rest_.empty()) {
      KUR_RETURN_IF_ERROR(CheckSize());
      if (open.empty() && ReadTagEnd(output)) return absl::OkStatus();
      const char c = rest_[0];
      if (IsSpace(CodePointOf(LeadingCharacter(rest_)))) {
        SkipSpace();
      } else if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
        KUR_RETURN_IF_ERROR(ReadNumberToken());
      } else if (IsNameByte(c)) {
        ReadName();
        // What a '{% raw %}' gives would be rendered again, and what stands in it may be no
        // template.
        const bool first = tokens_[tokens_.size() - 2].type == Token::Type::kBlockBegin;
        if (first && tokens_.back().text == "raw") {
          return Error(LeftOutMessage(NameKind::kStatement, "raw"));
        }
      } else if (c == '"' || c == '\'') {
        KUR_RETURN_IF_ERROR(ReadString(c));
      } else {
        KUR_RETURN_IF_ERROR(ReadOperator(&open));
      }
      after_dot_ = c == '.';
    }
    return Error(output ? "a '{{' is not closed by '}}'" : "a '{%' is not closed by '%}'");
  }

  absl::Status ReadNumberToken() {
    PythonNumber number = ReadNumber(rest_);
    const size_t dot = rest_.substr(0, number.length).find('.');
    const bool has_fraction = dot != absl::string_view::npos && dot + 1 < rest_.size() &&
                              absl::ascii_isdigit(static_cast<unsigned char>(rest_[dot + 1]));
    // "list.0.1" reads two indices; "1.real" an integer and a name.
    if (dot != absl::string_view::npos && (after_dot_ || !has_fraction)) {
      number = ReadNumber(rest_.substr(0, dot));
    }
    if (number.length == 0) return Error("a number cannot start with a 0");
    if (number.overflow) return Error("an integer is too large: it must fit in 64 bits");
    Add(number.is_float ? Token::Type::kFloat : Token::Type::kInteger,
        rest_.substr(0, number.length));
    tokens_.back().integer = number.integer;
    tokens_.back().number = number.number;
    Skip(number.length);
    return absl::OkStatus();
  }

  void ReadName() {
    size_t length = 1;
    while (length < rest_.size() && IsNameByte(rest_[length])) ++length;
    Add(Token::Type::kName, rest_.substr(0, length));
    Skip(length);
  }

  absl::Status ReadString(char quote) {
    size_t end = 1;
    while (end < rest_.size() && rest_[end] != quote) end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) return Error("a string is not closed");
    std::string text;
    if (!ResolveEscapes(rest_.substr(1, end - 1), &text)) {
      return Error("a string has an escape that cannot be read");
    }
    Add(Token::Type::kString, text);
    Skip(end + 1);
    return absl::OkStatus();
  }

  absl::Status ReadOperator(std::string* open) {
    static constexpr absl::string_view kTwo[] = {"//", "**", "==", "!=", ">=", "<="};
    static constexpr absl::string_view kOne = "+-/*%~[](){}><=.:|,;";
    const auto* two = std::find(std::begin(kTwo), std::end(kTwo), rest_.substr(0, 2));
    const absl::string_view op = rest_.substr(0, two != std::end(kTwo) ? 2 : 1);
    if (two == std::end(kTwo) && !absl::StrContains(kOne, op[0])) {
      return Error(absl::StrCat("unexpected character '", LeadingCharacter(rest_), "'"));
    }
    const size_t closing = absl::string_view("}])").find(op[0]);
    if (op == "{" || op == "[" || op == "(") {
      open->push_back(op == "{" ? '}' : op == "[" ? ']' : ')');
    } else if (closing != absl::string_view::npos) {
      if (open->empty()) return Error(absl::StrCat("unexpected '", op, "'"));
      if (open->back() != op[0]) {
        return Error(
            absl::StrCat("unexpected '", op, "', expected '", open->substr(open->size() - 1), "'"));
      }
      open->pop_back();
    }
    Add(Token::Type::kOperator, op);
    Skip(op.size());
    return absl::OkStatus();
  }

  absl::string_view rest_;
  int line_ = 1;
  bool after_dot_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

std::string Token::Describe() const {
  switch (type) {
    case Type::kText:
      return "text";
    case Type::kString:
      return "a string";
    case Type::kEnd:
      return "the end of the template";
    default:
      return absl::StrCat("'", text, "'");
  }
}

std::string NormalizeTemplate(absl::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\r') {
      result.push_back(text[at]);
      continue;
    }
    if (at + 1 < text.size() && text[at + 1] == '\n') ++at;
    result.push_back('\n');
  }
  if (absl::EndsWith(result, "\n")) result.pop_back();
  return result;
}

absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view text) { return Lexer(text).Run(); }

}  // namespace kur::jinja
