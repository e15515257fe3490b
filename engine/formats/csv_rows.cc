#include "engine/formats/csv_rows.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr size_t kSniffed = 1024;
// A row that goes over several lines: as much as any header needs.
constexpr int kMostRowLines = 100;
constexpr size_t kMostRowBytes = size_t{1} << 16;

}  // namespace

absl::Status CsvRows::FindDialect() {
  KUR_ASSIGN_OR_RETURN(const absl::string_view start, lines_.Peek(kSniffed));
  dialect_ = SniffCsvDialect(start, /*is_whole=*/start.size() < kSniffed);
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
  if (!began_) KUR_RETURN_IF_ERROR(FindDialect());
  began_ = true;
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
    const bool too_long = lines_.number() - line_ >= kMostRowLines ||
                          (next.has_value() && joined_.size() + next->size() > kMostRowBytes);
    if (!next.has_value() || too_long) {
      return absl::InvalidArgumentError(
          absl::StrCat("a cell begins with ", ShownInMessage(dialect_.quote), " that is not closed",
                       too_long ? " within 100 lines and 64 KiB" : ""));
    }
    absl::StrAppend(&joined_, "\n", *next);
    row_ = joined_;
  }
  return true;
}

std::string ShownInMessage(char delimiter) {
  return delimiter == '\t' ? "tabs" : absl::StrCat("'", std::string(1, delimiter), "'");
}

}  // namespace kur
