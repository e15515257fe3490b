#include "engine/data/csv_columns.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/data/csv_dialect.h"
#include "engine/data/float_column.h"
#include "engine/data/line_reader.h"
#include "engine/kurfile/diagnostics.h"

namespace kur {
namespace {

constexpr size_t kSniffed = 1024;
constexpr size_t kMostColumns = 1'000'000;
// A row that goes over several lines: as much as any header needs.
constexpr int kMostRowLines = 100;
constexpr size_t kMostRowBytes = size_t{1} << 16;
constexpr size_t kMostShown = 40;

// Takes the cells of one row off its front.
class RowSplitter {
 public:
  RowSplitter(absl::string_view row, CsvDialect dialect) : rest_(row), dialect_(dialect) {}

  enum class Found { kCell, kEnd, kOpenQuote };

  // The next cell, without its quotes unless more follows them; valid until the next call and as
  // long as the row.
  // kOpenQuote: the row ends inside of a quoted cell.
  Found Next(absl::string_view* cell) {
    if (at_end_) return Found::kEnd;
    size_t start = 0;
    while (start < rest_.size() && IsSpace(rest_[start])) ++start;
    if (start < rest_.size() && rest_[start] == dialect_.quote) return Quoted(start + 1, cell);
    *cell = absl::StripAsciiWhitespace(Take(rest_.find(dialect_.delimiter)));
    return Found::kCell;
  }

 private:
  bool IsSpace(char c) const { return (c == ' ' || c == '\t') && c != dialect_.delimiter; }

  // Takes what stands before the delimiter at `end`, and the delimiter.
  absl::string_view Take(size_t end) {
    const absl::string_view taken = rest_.substr(0, end);
    at_end_ = end == absl::string_view::npos;
    rest_.remove_prefix(at_end_ ? rest_.size() : end + 1);
    return taken;
  }

  Found Quoted(size_t begin, absl::string_view* cell) {
    size_t end = rest_.find(dialect_.quote, begin);
    bool doubled = false;
    while (end != absl::string_view::npos && end + 1 < rest_.size() &&
           rest_[end + 1] == dialect_.quote) {
      doubled = true;
      end = rest_.find(dialect_.quote, end + 2);
    }
    if (end == absl::string_view::npos) return Found::kOpenQuote;
    const absl::string_view content = rest_.substr(begin, end - begin);
    const absl::string_view whole = Take(rest_.find(dialect_.delimiter, end + 1));
    const bool is_quoted = absl::StripAsciiWhitespace(whole.substr(end + 1)).empty();
    *cell = !is_quoted ? whole : doubled ? Undouble(content) : content;
    return Found::kCell;
  }

  absl::string_view Undouble(absl::string_view content) {
    unquoted_.clear();
    for (size_t i = 0; i < content.size(); ++i) {
      unquoted_ += content[i];
      if (content[i] == dialect_.quote) ++i;
    }
    return unquoted_;
  }

  absl::string_view rest_;
  CsvDialect dialect_;
  bool at_end_ = false;
  std::string unquoted_;
};

// False unless all of `text` is a number. One that float32 cannot hold becomes infinite or zero.
bool ParseNumber(absl::string_view text, float* number) {
  text = absl::StripAsciiWhitespace(text);
  // Python takes a plus, from_chars() does not.
  if (absl::ConsumePrefix(&text, "+") && absl::StartsWith(text, "-")) return false;
  const char* const end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, *number);
  if (parsed.ec == std::errc::result_out_of_range) {
    double wide = 0;
    parsed = std::from_chars(text.data(), end, wide);
    *number = static_cast<float>(wide);
  }
  return parsed.ec == std::errc() && parsed.ptr == end;
}

bool EndsInQuotes(absl::string_view row, CsvDialect dialect) {
  RowSplitter cells(row, dialect);
  absl::string_view cell;
  RowSplitter::Found found = RowSplitter::Found::kCell;
  while (found == RowSplitter::Found::kCell) found = cells.Next(&cell);
  return found == RowSplitter::Found::kOpenQuote;
}

class CsvReader {
 public:
  CsvReader(ByteInput* input, const CsvOptions& options) : lines_(input), options_(options) {}

  // An error stands in the line line().
  absl::Status Read() {
    KUR_RETURN_IF_ERROR(FindDialect());
    bool first = true;
    while (true) {
      KUR_ASSIGN_OR_RETURN(const bool more, NextRow());
      if (!more) return absl::OkStatus();
      if (first) KUR_RETURN_IF_ERROR(NameColumns());
      if (!first || !options_.header) KUR_RETURN_IF_ERROR(AddRow());
      first = false;
    }
  }

  int64_t line() const { return line_; }

  absl::StatusOr<SourceMap> Build() && {
    const bool has_rows =
        std::any_of(columns_.begin(), columns_.end(),
                    [](const FloatColumn& column) { return column.num_samples() > 0; });
    if (!has_rows) return absl::InvalidArgumentError("the file holds no rows of numbers");
    SourceMap sources;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!is_wanted_[i]) continue;
      KUR_ASSIGN_OR_RETURN(sources[names_[i]], std::move(columns_[i]).Build({}));
    }
    return sources;
  }

 private:
  absl::Status FindDialect() {
    KUR_ASSIGN_OR_RETURN(const absl::string_view start, lines_.Peek(kSniffed));
    dialect_ = SniffCsvDialect(start, /*is_whole=*/start.size() < kSniffed);
    dialect_.delimiter = options_.delimiter.value_or(dialect_.delimiter);
    dialect_.quote = options_.quote.value_or(dialect_.quote);
    return absl::OkStatus();
  }

  // Reads row_, as many lines as its quotes need. False at the end.
  absl::StatusOr<bool> NextRow() {
    absl::string_view line;
    do {
      KUR_ASSIGN_OR_RETURN(const auto next, lines_.Next());
      line_ = lines_.number();
      if (!next.has_value()) return false;
      line = *next;
    } while (line.empty());
    row_ = line;
    if (!absl::StrContains(line, dialect_.quote)) return true;
    while (EndsInQuotes(row_, dialect_)) {
      if (joined_.data() != row_.data()) joined_ = std::string(row_);
      KUR_ASSIGN_OR_RETURN(const auto next, lines_.Next());
      const bool too_long = lines_.number() - line_ >= kMostRowLines ||
                            (next.has_value() && joined_.size() + next->size() > kMostRowBytes);
      if (!next.has_value() || too_long) {
        return absl::InvalidArgumentError(
            absl::StrCat("a cell begins with ", Shown(dialect_.quote), " that is not closed",
                         too_long ? " within 100 lines and 64 KiB" : ""));
      }
      absl::StrAppend(&joined_, "\n", *next);
      row_ = joined_;
    }
    return true;
  }

  absl::Status NameColumns() {
    RowSplitter cells(row_, dialect_);
    absl::string_view cell;
    std::set<std::string> seen;
    while (cells.Next(&cell) == RowSplitter::Found::kCell) {
      names_.push_back(options_.header ? std::string(cell)
                                       : absl::StrCat("column_", names_.size()));
      if (!seen.insert(names_.back()).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("two columns have the name '", names_.back(), "'"));
      }
      if (names_.size() > kMostColumns) {
        return absl::ResourceExhaustedError(
            absl::StrCat("there are more than ", kMostColumns, " columns"));
      }
    }
    if (options_.wanted.has_value()) KUR_RETURN_IF_ERROR(options_.wanted->Check(names_));
    columns_.resize(names_.size());
    classes_.resize(names_.size());
    is_wanted_.assign(names_.size(), !options_.wanted.has_value());
    for (size_t i = 0; i < names_.size() && options_.wanted.has_value(); ++i) {
      const auto wanted = options_.wanted->columns.find(names_[i]);
      if (wanted == options_.wanted->columns.end()) continue;
      is_wanted_[i] = true;
      for (const std::string& text : wanted->second.texts) {
        classes_[i].emplace(text, static_cast<float>(classes_[i].size()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddRow() {
    RowSplitter cells(row_, dialect_);
    absl::string_view cell;
    size_t column = 0;
    for (; cells.Next(&cell) == RowSplitter::Found::kCell; ++column) {
      if (column == columns_.size()) return WrongWidth("more");
      if (!is_wanted_[column]) continue;
      float number = 0;
      if (!classes_[column].empty()) {
        const auto found = classes_[column].find(cell);
        if (found == classes_[column].end()) return NoClass(column, cell);
        number = found->second;
      } else if (!ParseNumber(cell, &number)) {
        return NoNumber(column, cell);
      }
      columns_[column].Push(number);
      columns_[column].EndSample(1);
    }
    return column == columns_.size() ? absl::OkStatus() : WrongWidth("fewer");
  }

  absl::Status WrongWidth(absl::string_view how) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "the row has ", how, " cells than the first row, which has ", columns_.size(),
        " (divided by ", Shown(dialect_.delimiter), "; format: {delimiter: ...} says otherwise)"));
  }

  absl::Status NoNumber(size_t column, absl::string_view cell) const {
    return WrongCell(column, cell.empty() ? "the cell is empty" : Shown(cell) + " is no number");
  }

  absl::Status NoClass(size_t column, absl::string_view cell) const {
    std::vector<std::string> texts;
    for (const auto& [text, number] : classes_[column]) texts.push_back(text);
    const std::string near = DidYouMean(cell.substr(0, kMostShown), texts);
    return WrongCell(column, absl::StrCat(Shown(cell), " is none of the classes", near));
  }

  absl::Status WrongCell(size_t column, const std::string& what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("column ", column + 1, " ('", names_[column], "'): ", what));
  }

  static std::string Shown(absl::string_view cell) {
    return absl::StrCat("'", absl::CHexEscape(cell.substr(0, kMostShown)),
                        cell.size() > kMostShown ? "...'" : "'");
  }

  static std::string Shown(char c) {
    return c == '\t' ? "tabulators" : absl::StrCat("'", std::string(1, c), "'");
  }

  LineReader lines_;
  const CsvOptions options_;
  CsvDialect dialect_;
  absl::string_view row_;
  std::string joined_;  // what row_ views if it goes over several lines
  int64_t line_ = 0;    // where row_ begins
  std::vector<std::string> names_;
  std::vector<FloatColumn> columns_;
  std::vector<bool> is_wanted_;
  // The number of the class that a text stands for; empty: the column holds numbers.
  std::vector<std::map<std::string, float, std::less<>>> classes_;
};

}  // namespace

absl::StatusOr<SourceMap> ReadCsvColumns(ByteInput& input, absl::string_view name,
                                         const CsvOptions& options) {
  CsvReader reader(&input, options);
  const absl::Status read = reader.Read();
  if (!DiagnosticsOf(read).empty()) return read;
  if (!read.ok()) return Annotate(read, absl::StrCat(name, ":", reader.line()));
  auto sources = std::move(reader).Build();
  if (!sources.ok()) return Annotate(sources.status(), name);
  return sources;
}

}  // namespace kur
