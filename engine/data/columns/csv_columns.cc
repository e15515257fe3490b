#include "engine/data/columns/csv_columns.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/data/columns/float_column.h"
#include "engine/formats/csv_rows.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

constexpr size_t kMaxColumns = 1'000'000;

// Parses a number. Returns false unless all of `text` is one. A number beyond the range of float32
// becomes infinite or zero.
bool ParseNumber(absl::string_view text, float* number) {
  text = absl::StripAsciiWhitespace(text);
  // Python accepts a plus sign, from_chars() does not.
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

class CsvReader {
 public:
  CsvReader(ByteInput* input, const CsvOptions& options)
      : rows_(input, options.delimiter, options.quote), options_(options) {}

  // Reads all rows. An error is in the line line().
  absl::Status Read() {
    bool first = true;
    while (true) {
      KUR_ASSIGN_OR_RETURN(const bool more, rows_.Next());
      if (!more) return absl::OkStatus();
      if (first) KUR_RETURN_IF_ERROR(NameColumns());
      if (!first || !options_.header) KUR_RETURN_IF_ERROR(AddRow());
      first = false;
    }
  }

  int64_t line() const { return rows_.line(); }

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
  absl::Status NameColumns() {
    CsvRow cells = rows_.row();
    absl::string_view cell;
    std::set<std::string> seen;
    while (cells.Next(&cell) == CsvRow::Found::kCell) {
      names_.push_back(options_.header ? std::string(cell)
                                       : absl::StrCat("column_", names_.size()));
      if (!seen.insert(names_.back()).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("two columns have the name '", names_.back(), "'"));
      }
      if (names_.size() > kMaxColumns) {
        return absl::ResourceExhaustedError(
            absl::StrCat("there are more than ", kMaxColumns, " columns"));
      }
    }
    if (options_.wanted.has_value()) KUR_RETURN_IF_ERROR(options_.wanted->Check(names_));
    columns_.resize(names_.size());
    classes_.resize(names_.size(), TextClasses({}));
    is_wanted_.assign(names_.size(), !options_.wanted.has_value());
    for (size_t i = 0; i < names_.size() && options_.wanted.has_value(); ++i) {
      const auto wanted = options_.wanted->columns.find(names_[i]);
      if (wanted == options_.wanted->columns.end()) continue;
      is_wanted_[i] = true;
      classes_[i] = TextClasses(wanted->second.texts);
    }
    return absl::OkStatus();
  }

  absl::Status AddRow() {
    CsvRow cells = rows_.row();
    absl::string_view cell;
    size_t column = 0;
    for (; cells.Next(&cell) == CsvRow::Found::kCell; ++column) {
      if (column == columns_.size()) return WrongWidth("more");
      if (!is_wanted_[column]) continue;
      float number = 0;
      if (!classes_[column].empty()) {
        const auto found = classes_[column].NumberOf(cell);
        if (!found.ok()) return WrongCell(column, found.status().message());
        number = *found;
      } else if (!ParseNumber(cell, &number)) {
        return NoNumber(column, cell);
      }
      columns_[column].Push(number);
      columns_[column].EndSample(1);
    }
    return column == columns_.size() ? absl::OkStatus() : WrongWidth("fewer");
  }

  absl::Status WrongWidth(absl::string_view how) const {
    return absl::InvalidArgumentError(
        absl::StrCat("the row has ", how, " cells than the first row, which has ", columns_.size(),
                     " (divided by ", DelimiterText(rows_.dialect().delimiter),
                     "; format: {delimiter: ...} says otherwise)"));
  }

  absl::Status NoNumber(size_t column, absl::string_view cell) const {
    return WrongCell(column,
                     cell.empty() ? "the cell is empty" : QuotedText(cell) + " is no number");
  }

  absl::Status WrongCell(size_t column, absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("column ", column + 1, " ('", names_[column], "'): ", what));
  }

  CsvRows rows_;
  const CsvOptions options_;
  std::vector<std::string> names_;
  std::vector<FloatColumn> columns_;
  std::vector<bool> is_wanted_;
  std::vector<TextClasses> classes_;  // empty: the column holds numbers
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
