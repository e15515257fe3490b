#include "engine/data/columns/csv_columns.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/columns/float_column.h"
#include "engine/data/columns/table_column.h"
#include "engine/formats/csv_rows.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

constexpr size_t kMaxColumns = 1'000'000;

// A column of the table while it is read.
struct Column {
  std::string name;
  bool is_wanted = false;
  bool may_have_gaps = false;
  bool keeps_texts = false;
  bool is_only_kept = false;
  std::string used_as;  // in the Kurfile
  TextClasses classes;  // empty: the column holds numbers
  FloatColumn values;
  std::vector<std::string> texts;  // if it keeps them
  int64_t gaps = 0;
  int64_t first_gap = 0;  // its line
};

class CsvReader {
 public:
  CsvReader(ByteInput* input, absl::string_view name, const CsvOptions& options)
      : rows_(input, options.format),
        options_(options),
        name_(name),
        places_(std::make_shared<RowPlaces>(std::string(name))) {}

  // Reads all rows. An error is at Place().
  absl::Status Read() {
    bool is_first = true;
    while (true) {
      const auto more = rows_.Next();
      line_ = rows_.line();
      if (!more.ok() || !*more) return more.status();
      if (is_first) KUR_RETURN_IF_ERROR(NameColumns());
      if (!is_first || !options_.header) KUR_RETURN_IF_ERROR(AddRow());
      is_first = false;
    }
  }

  // Returns where an error is: the file and, but for what concerns all of it, the line.
  std::string Place() const { return line_ == 0 ? name_ : absl::StrCat(name_, ":", line_); }

  absl::StatusOr<SourceMap> Build() && {
    if (num_rows_ == 0) {
      return absl::InvalidArgumentError(absl::StrCat(name_, ": the file holds no rows of numbers"));
    }
    if (notes_ > 0 && !rows_.ends_with_line_end()) {
      // A file that is cut off ends so.
      return Annotate(WrongWidth("fewer"), absl::StrCat(name_, ":", first_note_));
    }
    for (size_t i = 0; i < columns_.size(); ++i) KUR_RETURN_IF_ERROR(CheckGaps(i));
    Tell();
    SourceMap sources;
    for (Column& column : columns_) {
      if (!column.is_wanted) continue;
      KUR_ASSIGN_OR_RETURN(auto values, std::move(column.values).Build({}));
      KUR_ASSIGN_OR_RETURN(
          auto source, MakeTableColumn(std::move(values), places_, column.classes.TakeCollected()));
      sources[column.name] = column.keeps_texts
                                 ? KeepingTexts(std::move(source), std::move(column.texts))
                                 : std::move(source);
    }
    return sources;
  }

 private:
  // Says what a message about columns needs to be understood.
  std::string Dialect() const {
    const std::string description = rows_.Description();
    return absl::StrCat(" (read as ", description.empty() ? "divided by ','" : description,
                        "; format: {...} says otherwise)");
  }

  void Tell() const {
    const std::string description = rows_.Description();
    if (!description.empty()) options_.tell(absl::StrCat(name_, " is read as ", description));
    if (notes_ == 0) return;
    options_.tell(absl::StrCat(name_, ":", first_note_, ": ", notes_,
                               notes_ == 1 ? " line" : " lines",
                               " of one cell behind the last row left out"));
  }

  absl::Status NameColumns() {
    CsvRow cells = rows_.row();
    absl::string_view cell;
    std::set<std::string> seen;
    std::vector<std::string> names;
    while (cells.Next(&cell) == CsvRow::Found::kCell) {
      const std::string number = absl::StrCat("column_", names.size());
      std::string name = options_.header && !cell.empty() ? std::string(cell) : number;
      for (int i = 1; !seen.insert(name).second; ++i) name = absl::StrCat(cell, ".", i);
      names.push_back(std::move(name));
      if (names.size() > kMaxColumns) {
        return absl::ResourceExhaustedError(
            absl::StrCat("there are more than ", kMaxColumns, " columns"));
      }
      is_last_unnamed_ = options_.header && cell.empty();
    }
    if (options_.wanted.has_value()) {
      KUR_RETURN_IF_ERROR(options_.wanted->Check(names, Dialect()));
    }
    columns_.resize(names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      Column& column = columns_[i];
      column.name = names[i];
      column.used_as = names[i];
      column.is_wanted =
          !options_.wanted.has_value() && !(i + 1 == names.size() && is_last_unnamed_);
      const auto kept = options_.kept.find(names[i]);
      if (kept != options_.kept.end()) {
        column.is_wanted = true;
        column.keeps_texts = true;
        column.is_only_kept = kept->second;
      }
      const auto* const wanted =
          options_.wanted.has_value() ? options_.wanted->Find(names[i]) : nullptr;
      if (wanted == nullptr) continue;
      column.is_wanted = true;
      column.may_have_gaps = wanted->may_have_gaps;
      column.used_as = wanted->used_as;
      column.classes = TextClasses(*wanted);
    }
    return absl::OkStatus();
  }

  absl::Status AddRow() {
    if (IsNote()) {
      if (notes_++ == 0) first_note_ = line_;
      return absl::OkStatus();
    }
    if (notes_ > 0) {
      line_ = first_note_;
      return WrongWidth("fewer");
    }
    CsvRow cells = rows_.row();
    absl::string_view cell;
    size_t i = 0;
    for (; cells.Next(&cell) == CsvRow::Found::kCell; ++i) {
      if (i == columns_.size() && cell.empty()) continue;  // a delimiter at the end
      if (i >= columns_.size()) return WrongWidth("more");
      KUR_RETURN_IF_ERROR(AddCell(i, cell));
    }
    if (i < columns_.size()) return WrongWidth("fewer");
    places_->Add(line_);
    ++num_rows_;
    return absl::OkStatus();
  }

  // Whether the current line is a note, if no row follows: one cell, and no number.
  bool IsNote() const {
    if (!rows_.is_single_cell() || columns_.size() < 2) return false;
    CsvRow cells = rows_.row();
    absl::string_view cell;
    float number = 0;
    return cells.Next(&cell) == CsvRow::Found::kCell &&
           ReadNumber(cell, rows_.dialect(), &number) == CellNumber::kText;
  }

  absl::Status AddCell(size_t i, absl::string_view cell) {
    Column& column = columns_[i];
    if (!column.is_wanted) return absl::OkStatus();
    if (column.keeps_texts) column.texts.emplace_back(cell);
    float number = 0;
    if (column.is_only_kept) {
      number = std::numeric_limits<float>::quiet_NaN();
    } else if (!column.classes.empty()) {
      const auto found = column.classes.NumberOf(cell);
      if (!found.ok()) return WrongCell(i, found.status().message());
      number = *found;
      if (column.classes.IsGap(cell)) CountGap(&column);
    } else {
      switch (ReadNumber(cell, rows_.dialect(), &number)) {
        case CellNumber::kNumber:
          break;
        case CellNumber::kNothing:
          number = std::numeric_limits<float>::quiet_NaN();
          CountGap(&column);
          break;
        case CellNumber::kAmbiguous:
          return WrongCell(i, absl::StrCat(QuotedText(cell),
                                           " may have a decimal mark or thousands; format: "
                                           "{decimal: \",\"} or {thousands: \",\"} says which"));
        case CellNumber::kText:
          return WrongCell(
              i, absl::StrCat(QuotedText(cell), " is no number", Dialect(),
                              options_.wanted.has_value()
                                  ? "; one_hot: yes makes classes of texts"
                                  : "; columns: {...} can leave it out, or make classes of it"));
      }
    }
    column.values.Push(number);
    column.values.EndSample(1);
    return absl::OkStatus();
  }

  void CountGap(Column* column) const {
    if (column->gaps++ == 0) column->first_gap = line_;
  }

  // Returns an error that counts the gaps of a column that must not have any.
  absl::Status CheckGaps(size_t i) const {
    const Column& column = columns_[i];
    if (column.gaps == 0 || column.may_have_gaps) return absl::OkStatus();
    const std::string count =
        column.gaps == 1 ? "" : absl::StrCat(", nor in ", column.gaps - 1, " rows more");
    return absl::InvalidArgumentError(absl::StrCat(
        name_, ":", column.first_gap, ": column ", i + 1, " ('", column.name,
        "') holds nothing there", count, " (of ", num_rows_, ")", GapAdvice(column.used_as)));
  }

  absl::Status WrongWidth(absl::string_view how) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "the row has ", how, " cells than the first row, which has ", columns_.size(), Dialect()));
  }

  absl::Status WrongCell(size_t i, absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("column ", i + 1, " ('", columns_[i].name, "'): ", what));
  }

  CsvRows rows_;
  const CsvOptions& options_;
  const std::string name_;  // of the file
  std::shared_ptr<RowPlaces> places_;
  std::vector<Column> columns_;
  bool is_last_unnamed_ = false;
  int64_t num_rows_ = 0;
  int64_t line_ = 0;
  int64_t notes_ = 0;  // lines of one cell since the last row
  int64_t first_note_ = 0;
};

}  // namespace

absl::StatusOr<SourceMap> ReadCsvColumns(ByteInput& input, absl::string_view name,
                                         const CsvOptions& options) {
  CsvReader reader(&input, name, options);
  const absl::Status read = reader.Read();
  if (!DiagnosticsOf(read).empty()) return read;
  if (!read.ok()) return Annotate(read, reader.Place());
  return std::move(reader).Build();
}

}  // namespace kur
