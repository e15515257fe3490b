#include "engine/formats/csv_rows.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr size_t kDetectionBytes = size_t{1} << 16;
// Bounds of a row that spans several lines: as much as any header needs.
constexpr int kMaxRowLines = 100;
constexpr size_t kMaxRowBytes = size_t{1} << 16;
constexpr size_t kMaxShown = 40;

}  // namespace

absl::Status CsvRows::Start() {
  KUR_ASSIGN_OR_RETURN(text_, TextInput::Open(&input_));
  lines_.emplace(text_.get());
  KUR_ASSIGN_OR_RETURN(const absl::string_view start, lines_->Peek(kDetectionBytes));
  if (absl::StrContains(start, '\0')) {
    return absl::InvalidArgumentError("the file holds NUL bytes: it is no text");
  }
  dialect_ = DetectCsvDialect(start, /*is_whole=*/start.size() < kDetectionBytes, format_);
  for (int64_t i = 0; i < dialect_.skipped_lines; ++i) KUR_RETURN_IF_ERROR(lines_->Next().status());
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvRows::EndsInQuotes() const {
  CsvRow cells = row();
  absl::string_view cell;
  CsvRow::Found found = CsvRow::Found::kCell;
  while (found == CsvRow::Found::kCell) found = cells.Next(&cell);
  if (found == CsvRow::Found::kOpenQuote) return true;
  if (found == CsvRow::Found::kEnd) return false;
  return absl::InvalidArgumentError(absl::StrCat(
      "text follows the closing quote in the cell ", cell.substr(0, kMaxShown),
      cell.size() > kMaxShown ? "..." : "", "; a quote inside of quotes is written twice, and ",
      "format: {quote: ...} names another character"));
}

absl::StatusOr<bool> CsvRows::Next() {
  if (text_ == nullptr) KUR_RETURN_IF_ERROR(Start());
  absl::string_view line;
  do {
    KUR_ASSIGN_OR_RETURN(const auto next, lines_->Next());
    line_ = lines_->number();
    if (!next.has_value()) return false;
    line = *next;
  } while (line.empty());
  row_ = line;
  if (!absl::StrContains(line, dialect_.quote)) return true;
  while (true) {
    KUR_ASSIGN_OR_RETURN(const bool is_open, EndsInQuotes());
    if (!is_open) return true;
    if (joined_.data() != row_.data()) joined_ = std::string(row_);
    KUR_ASSIGN_OR_RETURN(const auto next, lines_->Next());
    const bool too_long = lines_->number() - line_ >= kMaxRowLines ||
                          (next.has_value() && joined_.size() + next->size() > kMaxRowBytes);
    if (!next.has_value() || too_long) {
      return absl::InvalidArgumentError(
          absl::StrCat("a cell begins with ", DelimiterText(dialect_.quote), " that is not closed",
                       too_long ? " within 100 lines and 64 KiB" : ""));
    }
    absl::StrAppend(&joined_, "\n", *next);
    row_ = joined_;
  }
}

std::string CsvRows::Description() const {
  std::string text = DescribeDialect(dialect_);
  const auto add = [&](const std::string& more) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", more);
  };
  if (text_ != nullptr && text_->encoding() != "UTF-8") add(text_->encoding());
  if (text_ != nullptr && text_->ends_lines_with_cr()) add("lines with CR at their end");
  return text;
}

}  // namespace kur
