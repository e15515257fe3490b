#ifndef KUR_ENGINE_FORMATS_CSV_ROWS_H_
#define KUR_ENGINE_FORMATS_CSV_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/line_reader.h"

namespace kur {

// Which characters divide a table that is written as text.
struct CsvDialect {
  char delimiter = ',';
  char quote = '"';
};

// Guesses the dialect from the beginning of a file: the delimiter is that of comma, tab,
// semicolon, bar, colon and space which is there equally often in every line, the first of these if
// there are several; a comma if there is none. `is_whole` says that the file ends there.
CsvDialect DetectCsvDialect(absl::string_view start, bool is_whole);

// The cells of one row, cell off its front.
class CsvRow {
 public:
  CsvRow(absl::string_view row, CsvDialect dialect) : rest_(row), dialect_(dialect) {}

  enum class Found { kCell, kEnd, kOpenQuote };

  // The next cell, without its quotes unless more follows them; valid until the next call and as
  // long as the row.
  // kOpenQuote: the row ends inside of a quoted cell.
  Found Next(absl::string_view* cell) {
    if (at_end_) return Found::kEnd;
    size_t start = 0;
    while (start < rest_.size() && IsSpace(rest_[start])) ++start;
    if (start < rest_.size() && rest_[start] == dialect_.quote) return NextQuoted(start + 1, cell);
    *cell = absl::StripAsciiWhitespace(ConsumeCell(rest_.find(dialect_.delimiter)));
    return Found::kCell;
  }

 private:
  bool IsSpace(char c) const { return (c == ' ' || c == '\t') && c != dialect_.delimiter; }

  // Takes what stands before the delimiter at `end`, and the delimiter.
  absl::string_view ConsumeCell(size_t end) {
    const absl::string_view cell = rest_.substr(0, end);
    at_end_ = end == absl::string_view::npos;
    rest_.remove_prefix(at_end_ ? rest_.size() : end + 1);
    return cell;
  }

  Found NextQuoted(size_t begin, absl::string_view* cell) {
    size_t end = rest_.find(dialect_.quote, begin);
    bool doubled = false;
    while (end != absl::string_view::npos && end + 1 < rest_.size() &&
           rest_[end + 1] == dialect_.quote) {
      doubled = true;
      end = rest_.find(dialect_.quote, end + 2);
    }
    if (end == absl::string_view::npos) return Found::kOpenQuote;
    const absl::string_view content = rest_.substr(begin, end - begin);
    const absl::string_view whole = ConsumeCell(rest_.find(dialect_.delimiter, end + 1));
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

// Reads a table that is written as text (RFC 4180: cells may be quoted, with doubled quotes and
// line ends inside) row by row; in memory is one row. Empty lines are passed over. Not thread-safe.
class CsvRows {
 public:
  // `input` must outlive the rows. What is absent is as the first KiB of the file looks.
  CsvRows(ByteInput* input, std::optional<char> delimiter, std::optional<char> quote)
      : lines_(input), delimiter_(delimiter), quote_(quote) {}

  // Goes to the next row; false at the end. INVALID_ARGUMENT for a quote that is not closed; errors
  // do not name the line, line() does.
  absl::StatusOr<bool> Next();

  // The row, valid until Next().
  CsvRow row() const { return CsvRow(row_, dialect_); }
  // Where it begins, from 1.
  int64_t line() const { return line_; }
  const CsvDialect& dialect() const { return dialect_; }

 private:
  absl::Status FindDialect();
  bool EndsInQuotes() const;

  LineReader lines_;
  const std::optional<char> delimiter_;
  const std::optional<char> quote_;
  CsvDialect dialect_;
  bool started_ = false;
  absl::string_view row_;
  std::string joined_;  // what row_ views if it goes over several lines
  int64_t line_ = 0;
};

// "','", "tabs".
std::string DelimiterText(char delimiter);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_CSV_ROWS_H_
