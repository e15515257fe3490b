#include "engine/formats/csv_rows.h"

#include <array>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr absl::string_view kDelimiters = ",\t;|: ";

using Counts = std::array<int64_t, kDelimiters.size()>;

// Counts each delimiter outside of quotes, for each line that is not empty.
std::vector<Counts> CountDelimiters(absl::string_view text, char quote) {
  std::vector<Counts> lines;
  Counts counts{};
  bool quoted = false;
  bool empty = true;
  for (const char c : text) {
    if (c == quote) quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' && !empty) {
      lines.push_back(counts);
      counts = {};
      empty = true;
    } else if (c != '\n' && c != '\r') {
      empty = false;
      const size_t delimiter = kDelimiters.find(c);
      if (delimiter != absl::string_view::npos) ++counts[delimiter];
    }
  }
  if (!empty) lines.push_back(counts);
  return lines;
}

bool HasConstantCount(const std::vector<Counts>& lines, size_t delimiter) {
  for (const Counts& counts : lines) {
    if (counts[delimiter] == 0 || counts[delimiter] != lines[0][delimiter]) return false;
  }
  return !lines.empty();
}

constexpr size_t kDetectionBytes = 1024;
// Bounds of a row that spans several lines: as much as any header needs.
constexpr int kMaxRowLines = 100;
constexpr size_t kMaxRowBytes = size_t{1} << 16;

}  // namespace

CsvDialect DetectCsvDialect(absl::string_view start, bool is_whole) {
  CsvDialect dialect;
  const bool has_double = absl::StrContains(start, "\"");
  if (!has_double && absl::StrContains(start, "'")) dialect.quote = '\'';
  // The last line is cut off, unless it is the only one.
  const size_t last_line = start.rfind('\n');
  if (!is_whole && last_line != absl::string_view::npos) start = start.substr(0, last_line);
  const auto lines = CountDelimiters(start, dialect.quote);
  for (size_t i = 0; i < kDelimiters.size(); ++i) {
    if (!HasConstantCount(lines, i)) continue;
    dialect.delimiter = kDelimiters[i];
    break;
  }
  return dialect;
}

absl::Status CsvRows::FindDialect() {
  KUR_ASSIGN_OR_RETURN(const absl::string_view start, lines_.Peek(kDetectionBytes));
  dialect_ = DetectCsvDialect(start, /*is_whole=*/start.size() < kDetectionBytes);
  dialect_.delimiter = delimiter_.value_or(dialect_.delimiter);
  dialect_.quote = quote_.value_or(dialect_.quote);
  return absl::OkStatus();
}

bool CsvRows::EndsInQuotes() const {
  CsvRow cells = row();
  absl::string_view cell;
  CsvRow::Found found = CsvRow::Found::kCell;
  while (found == CsvRow::Found::kCell) found = cells.Next(&cell);
  return found == CsvRow::Found::kOpenQuote;
}

absl::StatusOr<bool> CsvRows::Next() {
  if (!started_) KUR_RETURN_IF_ERROR(FindDialect());
  started_ = true;
  absl::string_view line;
  do {
    KUR_ASSIGN_OR_RETURN(const auto next, lines_.Next());
    line_ = lines_.number();
    if (!next.has_value()) return false;
    line = *next;
  } while (line.empty());
  row_ = line;
  if (!absl::StrContains(line, dialect_.quote)) return true;
  while (EndsInQuotes()) {
    if (joined_.data() != row_.data()) joined_ = std::string(row_);
    KUR_ASSIGN_OR_RETURN(const auto next, lines_.Next());
    const bool too_long = lines_.number() - line_ >= kMaxRowLines ||
                          (next.has_value() && joined_.size() + next->size() > kMaxRowBytes);
    if (!next.has_value() || too_long) {
      return absl::InvalidArgumentError(
          absl::StrCat("a cell begins with ", DelimiterText(dialect_.quote), " that is not closed",
                       too_long ? " within 100 lines and 64 KiB" : ""));
    }
    absl::StrAppend(&joined_, "\n", *next);
    row_ = joined_;
  }
  return true;
}

std::string DelimiterText(char delimiter) {
  return delimiter == '\t' ? "tabs" : absl::StrCat("'", std::string(1, delimiter), "'");
}

}  // namespace kur
