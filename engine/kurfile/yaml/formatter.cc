#include "engine/kurfile/yaml/formatter.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/kurfile/yaml/yaml.h"
#include "engine/value/value.h"

namespace kur {
namespace {

constexpr int kStep = 2;

bool IsBlank(absl::string_view text) { return absl::StripAsciiWhitespace(text).empty(); }

int Indentation(absl::string_view line) {
  size_t spaces = 0;
  while (spaces < line.size() && line[spaces] == ' ') ++spaces;
  return static_cast<int>(spaces);
}

// Scans YAML and tracks quotes and brackets over several lines. Not thread-safe.
class Scanner {
 public:
  bool in_quotes() const { return quote_ != '\0'; }
  bool in_flow() const { return depth_ > 0; }
  // Returns the number of open brackets.
  int depth() const { return depth_; }

  // Returns `text` with normalized spaces, without the comment at its end, which goes to
  // `*comment`. `at_value` says that a value may begin at the start of `text`.
  std::string NormalizeSpaces(absl::string_view text, bool at_value, std::string* comment);

 private:
  // Appends a bracket and counts it, without spaces before a closing one.
  void AppendBracket(char c, std::string* out);

  char quote_ = '\0';
  int depth_ = 0;
};

void Scanner::AppendBracket(char c, std::string* out) {
  if (c == '[' || c == '{') ++depth_;
  if (c == ']' || c == '}') {
    --depth_;
    while (!out->empty() && out->back() == ' ') out->pop_back();
  }
  out->push_back(c);
}

std::string Scanner::NormalizeSpaces(absl::string_view text, bool at_value, std::string* comment) {
  std::string out;
  bool starts = at_value && !in_flow() && !in_quotes();
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_quotes()) {
      out.push_back(c);
      if (quote_ == '"' && c == '\\' && i + 1 < text.size()) {
        out.push_back(text[++i]);
      } else if (c == quote_) {
        quote_ = '\0';  // '' inside single quotes closes and opens again
      }
      continue;
    }
    if (c == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t')) {
      *comment = std::string(text.substr(i));
      break;
    }
    const bool token_begins = out.empty() || absl::StrContains("[{, :", out.back());
    if ((c == '"' || c == '\'') && (starts || (in_flow() && token_begins))) {
      quote_ = c;
      out.push_back(c);
    } else if (absl::StrContains("[{", c) && (starts || in_flow())) {
      AppendBracket(c, &out);
      while (i + 1 < text.size() && text[i + 1] == ' ') ++i;
    } else if (absl::StrContains("]}", c) && in_flow()) {
      AppendBracket(c, &out);
    } else if (in_flow() && (c == ',' || (c == ':' && i + 1 < text.size() && text[i + 1] == ' '))) {
      while (c == ',' && !out.empty() && out.back() == ' ') out.pop_back();
      out.push_back(c);
      while (i + 1 < text.size() && text[i + 1] == ' ') ++i;
      if (i + 1 < text.size()) out.push_back(' ');
    } else {
      out.push_back(c);
    }
    // A value may follow tags and anchors.
    if (c != ' ') starts = starts && (c == '&' || c == '!' || c == '*');
    if (c == ' ' && !out.empty() && at_value && absl::StrContains("&!", out[0])) starts = true;
  }
  return std::string(absl::StripTrailingAsciiWhitespace(out));
}

// Returns the index of the colon of "key: value", or npos.
size_t FindKeyEnd(absl::string_view text) {
  size_t i = 0;
  if (!text.empty() && (text[0] == '"' || text[0] == '\'')) {
    const char quote = text[0];
    for (i = 1; i < text.size() && text[i] != quote; ++i) {
      if (quote == '"' && text[i] == '\\') ++i;
    }
    ++i;
  } else if (!text.empty() && absl::StrContains("[{#&*!|>%@`", text[0])) {
    return std::string::npos;
  }
  for (; i < text.size(); ++i) {
    if (text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) return i;
    if (text[i] == '#' && i > 0 && text[i - 1] == ' ') break;
  }
  return std::string::npos;
}

// Returns whether a block scalar follows: "|", ">-", "&anchor |".
bool BeginsBlockScalar(absl::string_view value) {
  const size_t space = value.rfind(' ');
  const absl::string_view last = space == std::string::npos ? value : value.substr(space + 1);
  if (space != std::string::npos && !absl::StrContains("&!", value[0])) return false;
  return !last.empty() && absl::StrContains("|>", last[0]);
}

// Puts one space after the '#', except for drawings and commented-out text.
std::string NormalizeComment(absl::string_view comment) {
  comment = absl::StripTrailingAsciiWhitespace(comment);
  if (comment.size() < 2 || !absl::ascii_isalnum(static_cast<unsigned char>(comment[1]))) {
    return std::string(comment);
  }
  return absl::StrCat("# ", comment.substr(1));
}

std::string Spaces(int count) { return std::string(static_cast<size_t>(count), ' '); }

// Formats one text line by line. Not thread-safe.
class Formatter {
 public:
  explicit Formatter(const std::string& text) : lines_(absl::StrSplit(text, '\n')) {}

  // Returns the formatted text, or FAILED_PRECONDITION for syntax that the formatter does not
  // support.
  absl::StatusOr<std::string> Run();

  // Returns every comment, in order.
  const std::vector<std::string>& comments() const { return seen_comments_; }

 private:
  // A list or dictionary in block style, with the column of its dashes or keys before and after
  // formatting.
  struct Block {
    int old_column;
    int new_column;
    bool is_list;
  };

  absl::Status FormatLine(absl::string_view line);
  // Formats the content from `column` of a line on, behind the formatted `prefix`. An empty prefix
  // means that the indentation is not known yet.
  absl::Status FormatContent(absl::string_view text, int column, std::string prefix);
  // Formats the value of the key or list element that moves from the column `owner` to
  // `new_column`.
  absl::Status FormatValue(absl::string_view value, int owner, int new_column, std::string prefix);
  void FormatScalarLine(absl::string_view line);
  // Opens the block of a dash or key in `column`, or returns to it. Returns the new column.
  int EnterBlock(int column, bool is_list);
  // Emits the pending comments. A comment in `column` of the following content moves with it; any
  // other comment moves with the block of `before` (the blocks that were open) that it belongs to.
  void FlushComments(int column, int new_column, const std::vector<Block>& before);
  void EmitWithComment(std::string line, const std::string& comment);

  const std::vector<std::string> lines_;
  std::vector<std::string> out_;
  std::vector<Block> blocks_;
  Scanner scanner_;
  std::vector<std::string> pending_;  // comment lines and empty lines before the next content
  std::vector<std::string> seen_comments_;
  int last_column_ = 0;  // of the last key or dash; continuation lines are deeper
  // The current block scalar: the column of its owner, and of its text before and after formatting.
  bool in_scalar_ = false;
  int scalar_owner_ = 0;
  int scalar_old_ = -1;
  int scalar_new_ = 0;
};

int Formatter::EnterBlock(int column, bool is_list) {
  while (!blocks_.empty() &&
         (blocks_.back().old_column > column ||
          (blocks_.back().old_column == column && blocks_.back().is_list && !is_list))) {
    blocks_.pop_back();
  }
  // A list may be in the column of the key that it belongs to.
  const bool same =
      !blocks_.empty() && blocks_.back().old_column == column && blocks_.back().is_list == is_list;
  if (!same) {
    const int new_column = blocks_.empty() ? 0 : blocks_.back().new_column + kStep;
    blocks_.push_back({column, new_column, is_list});
  }
  last_column_ = blocks_.back().new_column;
  return last_column_;
}

void Formatter::FlushComments(int column, int new_column, const std::vector<Block>& before) {
  for (const std::string& line : pending_) {
    if (IsBlank(line)) {
      if (!out_.empty() && !out_.back().empty()) out_.emplace_back();
      continue;
    }
    int indentation = Indentation(line);
    if (indentation == column) {
      indentation = new_column;
    } else {
      int deepest = 0;
      for (const Block& block : before) {
        if (block.old_column <= indentation) deepest = block.new_column;
      }
      indentation = deepest;
    }
    const std::string comment = NormalizeComment(absl::StripAsciiWhitespace(line));
    seen_comments_.push_back(comment);
    out_.push_back(Spaces(indentation) + comment);
  }
  pending_.clear();
}

void Formatter::EmitWithComment(std::string line, const std::string& comment) {
  if (!comment.empty()) {
    const std::string normalized = NormalizeComment(comment);
    seen_comments_.push_back(normalized);
    const bool alone = IsBlank(line);
    absl::StrAppend(&line, alone ? "" : "  ", normalized);
  }
  out_.push_back(std::move(line));
}

void Formatter::FormatScalarLine(absl::string_view line) {
  if (IsBlank(line)) {
    out_.emplace_back();
    return;
  }
  if (scalar_old_ < 0) scalar_old_ = Indentation(line);
  const int further = std::max(Indentation(line) - scalar_old_, 0);
  out_.push_back(
      absl::StrCat(Spaces(scalar_new_ + further), absl::StripLeadingAsciiWhitespace(line)));
}

absl::Status Formatter::FormatValue(absl::string_view value, int owner, int new_column,
                                    std::string prefix) {
  std::string comment;
  const std::string text = scanner_.NormalizeSpaces(value, /*at_value=*/true, &comment);
  if (BeginsBlockScalar(text)) {
    if (text.find_first_of("0123456789", text.find_last_of("|>")) != std::string::npos) {
      return absl::FailedPreconditionError(
          "it has a block scalar with an explicit indentation, as in '|2'");
    }
    in_scalar_ = true;
    scalar_owner_ = owner;
    scalar_old_ = -1;
    scalar_new_ = new_column + kStep;
  }
  if (!text.empty()) absl::StrAppend(&prefix, absl::EndsWith(prefix, " ") ? "" : " ", text);
  EmitWithComment(std::string(absl::StripTrailingAsciiWhitespace(prefix)), comment);
  return absl::OkStatus();
}

absl::Status Formatter::FormatContent(absl::string_view text, int column, std::string prefix) {
  const bool first = prefix.empty();
  const bool is_list = text == "-" || absl::StartsWith(text, "- ");
  const size_t key_end = is_list ? std::string::npos : FindKeyEnd(text);
  if (!is_list && key_end == std::string::npos) {
    // A value alone: the element of a list, or the continuation of a plain scalar.
    if (first) {
      FlushComments(column, last_column_ + kStep, blocks_);
      prefix = Spaces(blocks_.empty() ? 0 : last_column_ + kStep);
    }
    const int owner = blocks_.empty() ? -1 : blocks_.back().old_column;
    return FormatValue(text, owner, last_column_, std::move(prefix));
  }
  const std::vector<Block> before = first ? blocks_ : std::vector<Block>();
  const int new_column = EnterBlock(column, is_list);
  if (first) {
    FlushComments(column, new_column, before);
    prefix = Spaces(new_column);
  }
  if (!is_list) {
    absl::StrAppend(&prefix, text.substr(0, key_end), ":");
    return FormatValue(absl::StripLeadingAsciiWhitespace(text.substr(key_end + 1)), column,
                       new_column, std::move(prefix));
  }
  size_t content = 1;
  while (content < text.size() && text[content] == ' ') ++content;
  if (content == text.size() || text[content] == '#') {
    return FormatValue(text.substr(content), column, new_column, prefix + "-");
  }
  return FormatContent(text.substr(content), column + static_cast<int>(content), prefix + "- ");
}

absl::Status Formatter::FormatLine(absl::string_view line) {
  if (in_scalar_) {
    if (IsBlank(line) || Indentation(line) > scalar_owner_) {
      FormatScalarLine(line);
      return absl::OkStatus();
    }
    in_scalar_ = false;
  }
  const absl::string_view text = absl::StripAsciiWhitespace(line);
  if (scanner_.in_quotes() || (scanner_.in_flow() && !text.empty())) {
    const int closing = !text.empty() && absl::StrContains("]}", text[0]) ? 1 : 0;
    const int depth = std::max(scanner_.depth() - closing, 0);
    const int inside = scanner_.in_quotes() ? std::max(depth, 1) : depth;
    std::string comment;
    const std::string normalized = scanner_.NormalizeSpaces(text, /*at_value=*/false, &comment);
    EmitWithComment(normalized.empty() && comment.empty()
                        ? ""
                        : Spaces(last_column_ + kStep * inside) + normalized,
                    comment);
    return absl::OkStatus();
  }
  if (text.empty() || text[0] == '#') {
    pending_.emplace_back(line);
    return absl::OkStatus();
  }
  if (text == "---" || text == "...") {
    FlushComments(0, 0, blocks_);
    blocks_.clear();
    out_.emplace_back(text);
    return absl::OkStatus();
  }
  if (line[0] == '%' || absl::StartsWith(text, "? ")) {
    return absl::FailedPreconditionError(
        absl::StrCat("it begins a line with '", text.substr(0, 1), "'"));
  }
  return FormatContent(text, Indentation(line), "");
}

absl::StatusOr<std::string> Formatter::Run() {
  for (const std::string& line : lines_) {
    KUR_RETURN_IF_ERROR(FormatLine(absl::StripSuffix(line, "\r")));
  }
  FlushComments(-1, 0, blocks_);
  while (!out_.empty() && out_.back().empty()) out_.pop_back();
  return absl::StrCat(absl::StrJoin(out_, "\n"), "\n");
}

}  // namespace

absl::StatusOr<std::string> FormatYaml(const std::string& text,
                                       const std::shared_ptr<const std::string>& file) {
  KUR_ASSIGN_OR_RETURN(const Value before, ParseYaml(text, file));
  Formatter first(text);
  const auto formatted = first.Run();
  std::string why;
  if (!formatted.ok()) {
    why = std::string(formatted.status().message());
  } else {
    Formatter second(*formatted);
    const auto again = second.Run();
    const auto after = ParseYaml(*formatted, file);
    if (!after.ok() || ToJson(*after) != ToJson(before)) {
      why = "another layout would change what it means";
    } else if (!again.ok() || *again != *formatted || second.comments() != first.comments()) {
      why = "its layout is too unusual";
    }
  }
  if (why.empty()) return *formatted;
  return absl::FailedPreconditionError(
      absl::StrCat(file == nullptr ? "" : *file, " is left as it is: ", why));
}

}  // namespace kur
