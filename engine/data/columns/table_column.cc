#include "engine/data/columns/table_column.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "engine/data/columns/derived_source.h"
#include "engine/data/columns/renumbered_source.h"
#include "engine/data/encoding.h"
#include "engine/data/named_source.h"

namespace kur {
namespace {

class ColumnWithTexts : public DerivedSource {
 public:
  ColumnWithTexts(std::shared_ptr<const Source> column, std::vector<std::string> texts)
      : DerivedSource(std::move(column)), texts_(std::move(texts)) {}

  const SymbolTable& symbols() const override { return base().symbols(); }
  std::string TextOf(int64_t index) const override { return texts_[static_cast<size_t>(index)]; }
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    return base().Gather(indices, count, extent, to);
  }

 private:
  const std::vector<std::string> texts_;
};

}  // namespace

void RowPlaces::Add(int64_t line) {
  if (rows_ == 0 || line != last_line_ + 1) starts_.push_back({rows_, line});
  last_line_ = line;
  ++rows_;
}

std::string RowPlaces::NameOf(int64_t row) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), row,
                                     [](int64_t at, const Start& start) { return at < start.row; });
  const Start& start = *std::prev(next);
  return absl::StrCat(file_, ":", start.line + row - start.row);
}

absl::StatusOr<std::shared_ptr<const Source>> WithTexts(std::shared_ptr<const Source> column,
                                                        std::vector<std::string> texts) {
  if (texts.empty()) return column;
  const auto sorted = SortClasses({texts.begin(), texts.end()});
  return Renumber(WithSymbols(std::move(column), {std::move(texts)}), sorted, "its own");
}

std::shared_ptr<const Source> KeepingTexts(std::shared_ptr<const Source> column,
                                           std::vector<std::string> texts) {
  return std::make_shared<const ColumnWithTexts>(std::move(column), std::move(texts));
}

absl::StatusOr<std::shared_ptr<const Source>> MakeTableColumn(
    std::shared_ptr<const Source> values, std::shared_ptr<const RowPlaces> places,
    std::vector<std::string> texts) {
  return WithTexts(WithNames(std::move(values), [places = std::move(places)](
                                                    int64_t row) { return places->NameOf(row); }),
                   std::move(texts));
}

}  // namespace kur
