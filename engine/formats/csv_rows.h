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

// The special characters of a text table.
struct CsvDialect {
  char delimiter = ',';
  char quote = '"';
};

// Guesses the dialect from the beginning of a file. The delimiter is the first of comma, tab,
// semicolon, bar, colon and space that occurs equally often in every line; a comma if there is
// none. `is_whole` says that `start` is the whole file.
CsvDialect DetectCsvDialect(absl::string_view start, bool is_whole);

// Splits one row into cells, from left to right. Not thread-safe.
class CsvRow {
 public:
  CsvRow(absl::string_view row, CsvDialect dialect) : rest_(row), dialect_(dialect) {}

  // kOpenQuote: the row ends inside a quoted cell.
  enum class Found { kCell, kEnd, kOpenQuote };

  // Reads the next cell. Quotes are removed unless more text follows them. The cell is valid until
  // the next call, and as long as the row.
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

  // Removes the text before the delimiter at `end`, and the delimiter, from the row. Returns that
  // text.
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

// Reads a text table row by row (RFC 4180: cells may be quoted, with doubled quotes and line ends
// inside). Holds one row in memory. Skips empty lines. Not thread-safe.
class CsvRows {
 public:
  // `input` must outlive the rows. An absent character is detected from the first KiB of the file.
  CsvRows(ByteInput* input, std::optional<char> delimiter, std::optional<char> quote)
      : lines_(input), delimiter_(delimiter), quote_(quote) {}

  // Reads the next row; returns false at the end. INVALID_ARGUMENT for a quote that is not closed.
  // Errors do not name the line; line() does.
  absl::StatusOr<bool> Next();

  // Returns the current row, which is valid until Next().
  CsvRow row() const { return CsvRow(row_, dialect_); }
  // Returns the line at which the current row begins, from 1.
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
  std::string joined_;  // holds row_ if the row spans several lines
  int64_t line_ = 0;
};

// Returns the name of a delimiter for messages: "','", "tabs".
std::string DelimiterText(char delimiter);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_CSV_ROWS_H_
