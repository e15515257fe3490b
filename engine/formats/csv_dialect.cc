#include "engine/formats/csv_dialect.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <system_error>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace kur {
namespace {

constexpr absl::string_view kDelimiters = ",\t;|: ";
constexpr size_t kMostRows = 200;

using Row = std::vector<absl::string_view>;

bool IsBlank(char c, char delimiter) { return (c == ' ' || c == '\t') && c != delimiter; }

// Returns the end of the quoted text that begins before `at`: the place of its closing quote.
size_t ClosingQuote(absl::string_view text, size_t at, char quote) {
  while (true) {
    at = text.find(quote, at);
    if (at == absl::string_view::npos || at + 1 >= text.size() || text[at + 1] != quote) return at;
    at += 2;
  }
}

// Splits the beginning of a table into cells, quotes included. Skips empty lines.
std::vector<Row> SplitRows(absl::string_view text, char delimiter, char quote) {
  std::vector<Row> rows(1);
  size_t begin = 0;
  size_t at = 0;
  const auto end_cell = [&] {
    rows.back().push_back(absl::StripAsciiWhitespace(text.substr(begin, at - begin)));
    begin = at + 1;
  };
  const auto end_row = [&] {
    end_cell();
    if (rows.back().size() == 1 && rows.back()[0].empty()) {
      rows.back().clear();
    } else {
      rows.emplace_back();
    }
  };
  for (; at < text.size() && rows.size() <= kMostRows; ++at) {
    if (text[at] == quote && std::all_of(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                         text.begin() + static_cast<std::ptrdiff_t>(at),
                                         [&](char c) { return IsBlank(c, delimiter); })) {
      const size_t close = ClosingQuote(text, at + 1, quote);
      if (close == absl::string_view::npos) break;  // cut off
      at = close;
    } else if (text[at] == delimiter) {
      end_cell();
    } else if (text[at] == '\n') {
      end_row();
    }
  }
  if (at >= text.size() && begin < text.size()) end_row();
  if (rows.back().empty()) rows.pop_back();
  return rows;
}

bool IsDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

// Removes the sign and the quotes of a number.
absl::string_view Unsigned(absl::string_view cell, char quote) {
  if (cell.size() >= 2 && cell.front() == quote && cell.back() == quote) {
    cell = absl::StripAsciiWhitespace(cell.substr(1, cell.size() - 2));
  }
  if (!absl::ConsumePrefix(&cell, "-")) absl::ConsumePrefix(&cell, "+");
  return cell;
}

// Whether `text` is digits in groups: one to three, then `mark` and three as often as there are.
bool IsGrouped(absl::string_view text, char mark) {
  size_t group = text.find(mark);
  if (group == absl::string_view::npos || group == 0 || group > 3) return false;
  if (!IsDigits(text.substr(0, group))) return false;
  while (group < text.size()) {
    if (text[group] != mark || !IsDigits(text.substr(group + 1, 3)) ||
        text.substr(group + 1, 3).size() != 3) {
      return false;
    }
    group += 4;
  }
  return true;
}

// What a number tells of the mark `mark`, of comma and point.
struct Evidence {
  bool is_decimal = false;
  bool is_thousands = false;
};

Evidence ReadEvidence(absl::string_view number, char mark) {
  const char other = mark == ',' ? '.' : ',';
  const size_t last = number.rfind(mark);
  if (last == absl::string_view::npos) return {};
  const absl::string_view before = number.substr(0, last);
  const absl::string_view after = number.substr(last + 1);
  Evidence evidence;
  if (IsDigits(after) && !absl::StrContains(before, mark)) {
    // "1.234,5", or "1234,5" whose mark cannot divide thousands.
    evidence.is_decimal =
        IsGrouped(before, other) || (IsDigits(before) && (after.size() != 3 || before.size() > 3));
    // What is not "1,234" and begins with 0 is a fraction.
    evidence.is_decimal = evidence.is_decimal || (before == "0" && after.size() == 3);
  }
  const size_t decimal = number.find(other);
  const absl::string_view whole = number.substr(0, decimal);
  const bool has_fraction =
      decimal != absl::string_view::npos && IsDigits(number.substr(decimal + 1));
  const bool has_groups =
      IsGrouped(whole, mark) && std::count(whole.begin(), whole.end(), mark) > 1;
  evidence.is_thousands = (IsGrouped(whole, mark) && has_fraction) ||
                          (decimal == absl::string_view::npos && has_groups);
  return evidence;
}

void FindMarks(const std::vector<Row>& rows, const CsvFormat& format, CsvDialect* dialect) {
  Evidence comma;
  Evidence point;
  for (const Row& row : rows) {
    for (const absl::string_view cell : row) {
      const absl::string_view number = Unsigned(cell, dialect->quote);
      const Evidence of_comma = ReadEvidence(number, ',');
      const Evidence of_point = ReadEvidence(number, '.');
      comma.is_decimal |= of_comma.is_decimal;
      comma.is_thousands |= of_comma.is_thousands;
      point.is_decimal |= of_point.is_decimal;
      point.is_thousands |= of_point.is_thousands;
    }
  }
  const bool is_european =
      (comma.is_decimal || point.is_thousands) && !point.is_decimal && !comma.is_thousands;
  const bool is_english = comma.is_thousands && !comma.is_decimal && !point.is_thousands;
  dialect->decimal = format.decimal.value_or(is_european && comma.is_decimal ? ',' : '.');
  if (format.thousands) {
    dialect->thousands = *format.thousands;
  } else if (is_european && point.is_thousands && dialect->decimal == ',') {
    dialect->thousands = '.';
  } else if (is_english && dialect->decimal == '.') {
    dialect->thousands = ',';
  }
}

// How well a delimiter divides the rows.
struct Fit {
  size_t width = 1;  // cells of most rows
  int64_t rows = 0;  // that have so many
  int64_t numbers = 0;
};

Fit FitOf(const std::vector<Row>& rows) {
  std::map<size_t, int64_t> counts;
  Fit fit;
  for (const Row& row : rows) {
    // A delimiter may end the rows, but not the header.
    const size_t width = row.size() - (row.size() > 1 && row.back().empty() ? 1 : 0);
    if (width > 1) ++counts[width];
    for (const absl::string_view cell : row) {
      float number = 0;
      const absl::string_view digits = Unsigned(cell, '"');
      for (const char decimal : {'.', ','}) {
        CsvDialect dialect;
        dialect.decimal = decimal;
        if (digits.empty() || ReadNumber(digits, dialect, &number) != CellNumber::kNumber) continue;
        ++fit.numbers;
        break;
      }
    }
  }
  for (const auto& [width, count] : counts) {
    if (count >= fit.rows) std::tie(fit.width, fit.rows) = std::tie(width, count);
  }
  return fit;
}

// Whether every row has a cell between single quotes.
bool HasSingleQuotes(const std::vector<Row>& rows, absl::string_view text) {
  if (absl::StrContains(text, "\"") || rows.empty()) return false;
  return std::all_of(rows.begin(), rows.end(), [](const Row& row) {
    return std::any_of(row.begin(), row.end(), [](absl::string_view cell) {
      return cell.size() >= 2 && cell.front() == '\'' && cell.back() == '\'';
    });
  });
}

bool ParsePlain(absl::string_view text, float* number) {
  const char* const end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, *number);
  if (parsed.ec == std::errc::result_out_of_range) {
    double wide = 0;
    parsed = std::from_chars(text.data(), end, wide);
    *number = static_cast<float>(wide);
  }
  return parsed.ec == std::errc() && parsed.ptr == end;
}

}  // namespace

CsvDialect DetectCsvDialect(absl::string_view start, bool is_whole, const CsvFormat& format) {
  CsvDialect dialect;
  // The last line is cut off, unless it is the only one.
  const size_t last_line = start.rfind('\n');
  if (!is_whole && last_line != absl::string_view::npos) start = start.substr(0, last_line + 1);
  absl::string_view rest = start;
  std::optional<char> delimiter = format.delimiter;
  if (absl::ConsumePrefix(&rest, "sep=") && rest.size() >= 2 &&
      (rest[1] == '\n' || absl::StartsWith(rest.substr(1), "\r\n"))) {
    if (!delimiter) delimiter = rest[0];
    start = start.substr(start.find('\n') + 1);
    dialect.skipped_lines = 1;
  }
  for (const char candidate : delimiter ? absl::string_view(&*delimiter, 1) : kDelimiters) {
    dialect.delimiter = candidate;
    const auto single = SplitRows(start, candidate, '\'');
    dialect.quote = format.quote.value_or(HasSingleQuotes(single, start) ? '\'' : '"');
    if (dialect.quote == '\'') break;
  }
  dialect.delimiter = delimiter.value_or(',');
  std::vector<Row> rows = SplitRows(start, dialect.delimiter, dialect.quote);
  Fit best = FitOf(rows);
  for (const char candidate : delimiter ? "" : kDelimiters) {
    const auto divided = SplitRows(start, candidate, dialect.quote);
    const Fit fit = FitOf(divided);
    // Texts have colons and spaces: these divide all lines, where nothing else divides most.
    const bool is_text = candidate == ':' || candidate == ' ';
    const bool is_doubtful = fit.rows < static_cast<int64_t>(divided.size()) ||
                             2 * best.rows > static_cast<int64_t>(rows.size());
    if (is_text && is_doubtful) continue;
    if (std::tie(fit.rows, fit.numbers) <= std::tie(best.rows, best.numbers)) continue;
    best = fit;
    dialect.delimiter = candidate;
    rows = divided;
  }
  if (!delimiter && 2 * best.rows <= static_cast<int64_t>(rows.size())) {
    dialect.delimiter = ',';
    rows = SplitRows(start, ',', dialect.quote);
  } else if (best.width > 1) {
    const auto header =
        std::find_if(rows.begin(), rows.end(), [](const Row& row) { return row.size() > 1; });
    if (header != rows.begin() && header != rows.end()) {
      const auto title = static_cast<size_t>((*header)[0].data() - start.data());
      dialect.skipped_lines += std::count(start.begin(), start.begin() + title, '\n');
      rows.erase(rows.begin(), header);
    }
  }
  FindMarks(rows, format, &dialect);
  return dialect;
}

std::string DescribeDialect(const CsvDialect& dialect) {
  std::vector<std::string> parts;
  if (dialect.delimiter != ',') {
    parts.push_back(absl::StrCat("divided by ", DelimiterText(dialect.delimiter)));
  }
  if (dialect.quote != '"') parts.push_back("quoted by single quotes");
  if (dialect.decimal == ',') parts.push_back("with decimal commas");
  if (dialect.thousands != CsvDialect::kNone) {
    parts.push_back(absl::StrCat("with thousands divided by ", DelimiterText(dialect.thousands)));
  }
  if (dialect.skipped_lines > 0) {
    parts.push_back(absl::StrCat(dialect.skipped_lines,
                                 dialect.skipped_lines == 1 ? " line" : " lines",
                                 " before the header left out"));
  }
  return absl::StrJoin(parts, ", ");
}

std::string DelimiterText(char delimiter) {
  return delimiter == '\t' ? "tabs" : absl::StrCat("'", std::string(1, delimiter), "'");
}

CellNumber ReadNumber(absl::string_view cell, const CsvDialect& dialect, float* number) {
  constexpr absl::string_view kGaps[] = {"NA",   "N/A",  "n/a",  "NaN", "nan", "-nan",
                                         "null", "NULL", "None", "?",   "-",   "#N/A"};
  cell = absl::StripAsciiWhitespace(cell);
  if (cell.empty() || std::find(std::begin(kGaps), std::end(kGaps), cell) != std::end(kGaps)) {
    return CellNumber::kNothing;
  }
  // Python accepts a plus sign, from_chars() does not.
  if (absl::ConsumePrefix(&cell, "+") && absl::StartsWith(cell, "-")) return CellNumber::kText;
  const bool is_plain = dialect.decimal == '.' && dialect.thousands != '.';
  if (is_plain && ParsePlain(cell, number)) return CellNumber::kNumber;
  const absl::string_view digits = Unsigned(cell, CsvDialect::kNone);
  const size_t decimal = digits.find(dialect.decimal);
  const absl::string_view whole = digits.substr(0, decimal);
  const bool is_grouped =
      dialect.thousands != CsvDialect::kNone && IsGrouped(whole, dialect.thousands);
  std::string plain;
  for (const char c : cell) {
    if (is_grouped && c == dialect.thousands) continue;
    if (c == dialect.decimal) {
      plain += '.';
    } else if (c == '.' || c == ',') {
      plain += '?';  // in no place where it may be
    } else {
      plain += c;
    }
  }
  if (ParsePlain(plain, number)) return CellNumber::kNumber;
  const bool is_ambiguous = IsGrouped(digits, ',') || IsGrouped(digits, '.');
  return is_ambiguous ? CellNumber::kAmbiguous : CellNumber::kText;
}

}  // namespace kur
