#include "engine/formats/csv_dialect.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace kur {
namespace {

constexpr absl::string_view kDelimiters = ",\t;|: ";

using Counts = std::array<int64_t, kDelimiters.size()>;

// How often each delimiter stands in each line that is not empty, outside of quotes.
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

bool IsEquallyOften(const std::vector<Counts>& lines, size_t delimiter) {
  for (const Counts& counts : lines) {
    if (counts[delimiter] == 0 || counts[delimiter] != lines[0][delimiter]) return false;
  }
  return !lines.empty();
}

}  // namespace

CsvDialect SniffCsvDialect(absl::string_view start, bool is_whole) {
  CsvDialect dialect;
  const bool has_double = absl::StrContains(start, "\"");
  if (!has_double && absl::StrContains(start, "'")) dialect.quote = '\'';
  // The last line is cut, unless it is the only one.
  const size_t last_line = start.rfind('\n');
  if (!is_whole && last_line != absl::string_view::npos) start = start.substr(0, last_line);
  const auto lines = CountDelimiters(start, dialect.quote);
  for (size_t i = 0; i < kDelimiters.size(); ++i) {
    if (!IsEquallyOften(lines, i)) continue;
    dialect.delimiter = kDelimiters[i];
    break;
  }
  return dialect;
}

}  // namespace kur
