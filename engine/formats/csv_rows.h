#ifndef KUR_ENGINE_FORMATS_CSV_ROWS_H_
#define KUR_ENGINE_FORMATS_CSV_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/csv_dialect.h"
#include "engine/formats/line_reader.h"
#include "engine/formats/text_input.h"

namespace kur {

// Splits one row into cells, from left to right. Not thread-safe.
class CsvRow {
 public:
  CsvRow(absl::string_view row, CsvDialect dialect) : rest_(row), dialect_(dialect) {}

  // kOpenQuote: the row ends inside a quoted cell. kTextBehindQuote: more text follows the quote
  // that should end the cell; whoever wrote that meant something else.
  enum class Found { kCell, kEnd, kOpenQuote, kTextBehindQuote };

  // Reads the next cell, without its quotes. The cell is valid until the next call, and as long as
  // the row.
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
    return is_quoted ? Found::kCell : Found::kTextBehindQuote;
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
// inside), in any encoding of TextInput. Holds one row in memory. Skips empty lines, and what
// CsvDialect leaves out before the header. Not thread-safe.
class CsvRows {
 public:
  // `input` must outlive the rows. What `format` does not say is guessed from the first 64 KiB.
  CsvRows(ByteInput* input, CsvFormat format) : input_(*input), format_(format) {}

  // Reads the next row; returns false at the end. INVALID_ARGUMENT for a quote that is not closed,
  // or that is followed by more text. Errors do not name the line; line() does.
  absl::StatusOr<bool> Next();

  // Returns the current row, which is valid until Next().
  CsvRow row() const { return CsvRow(row_, dialect_); }
  // Whether the current row has no delimiter.
  bool is_single_cell() const { return !absl::StrContains(row_, dialect_.delimiter); }
  // Whether the last line of the file has its end. Meaningful once Next() was false.
  bool ends_with_line_end() const { return lines_->had_end(); }
  // Returns the line at which the current row begins, from 1.
  int64_t line() const { return line_; }
  const CsvDialect& dialect() const { return dialect_; }
  // Says what was found out about the file that is not as usual, for people; empty: nothing.
  std::string Description() const;

 private:
  absl::Status Start();
  // Whether the current row ends inside a quoted cell.
  absl::StatusOr<bool> EndsInQuotes() const;

  ByteInput& input_;
  const CsvFormat format_;
  std::unique_ptr<TextInput> text_;  // null: not started
  std::optional<LineReader> lines_;
  CsvDialect dialect_;
  absl::string_view row_;
  std::string joined_;  // holds row_ if the row spans several lines
  int64_t line_ = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_CSV_ROWS_H_
