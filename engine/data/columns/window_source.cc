#include "engine/data/columns/window_source.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kur {
namespace {

class WindowSource : public Source {
 public:
  // A sample is the `length` rows from `offset` after one of `first_rows` on. `is_row`: one row is
  // no sequence. Its name is that of the row `name_offset` after.
  WindowSource(std::shared_ptr<const Source> rows,
               std::shared_ptr<const std::vector<int64_t>> first_rows, int64_t length,
               int64_t offset, int64_t name_offset, bool is_row)
      : rows_(std::move(rows)),
        first_rows_(std::move(first_rows)),
        length_(length),
        offset_(offset),
        name_offset_(name_offset),
        shape_(rows_->shape()) {
    if (!is_row) shape_.insert(shape_.begin(), length);
  }

  int64_t size() const override { return static_cast<int64_t>(first_rows_->size()); }
  const Shape& shape() const override { return shape_; }
  const SymbolTable& symbols() const override { return rows_->symbols(); }
  std::string NameOf(int64_t index) const override {
    return rows_->NameOf(FirstOf(index) + name_offset_);
  }
  std::string TextOf(int64_t index) const override {
    return rows_->TextOf(FirstOf(index) + name_offset_);
  }

  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override {
    const std::vector<int64_t> rows = RowsOf(indices, count);
    const auto unreadable = rows_->Unreadable(rows.data(), static_cast<int64_t>(rows.size()));
    if (unreadable.empty()) return {};
    std::vector<bool> windows(static_cast<size_t>(count), false);
    for (size_t i = 0; i < unreadable.size(); ++i) {
      if (unreadable[i]) windows[i / static_cast<size_t>(length_)] = true;
    }
    return windows;
  }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                      float* to) const override {
    const std::vector<int64_t> rows = RowsOf(indices, count);
    return rows_->Gather(rows.data(), static_cast<int64_t>(rows.size()), rows_->shape()[0], to);
  }

 private:
  std::vector<int64_t> RowsOf(const int64_t* indices, int64_t count) const {
    std::vector<int64_t> rows;
    rows.reserve(static_cast<size_t>(count * length_));
    for (int64_t i = 0; i < count; ++i) {
      const int64_t first = FirstOf(indices[i]) + offset_;
      for (int64_t row = first; row < first + length_; ++row) rows.push_back(row);
    }
    return rows;
  }

  int64_t FirstOf(int64_t index) const { return (*first_rows_)[static_cast<size_t>(index)]; }

  const std::shared_ptr<const Source> rows_;
  const std::shared_ptr<const std::vector<int64_t>> first_rows_;
  const int64_t length_;
  const int64_t offset_;
  const int64_t name_offset_;
  Shape shape_;
};

}  // namespace

std::vector<int64_t> FirstRowsOfWindows(int64_t rows, const std::vector<int64_t>& series,
                                        const SeriesWindow& window, bool has_targets) {
  const int64_t needed = window.RowsNeeded(has_targets);
  std::vector<int64_t> first_rows;
  for (int64_t begin = 0; begin < rows;) {
    int64_t end = begin + 1;
    while (end < rows && (series.empty() ||
                          series[static_cast<size_t>(end)] == series[static_cast<size_t>(begin)])) {
      ++end;
    }
    for (int64_t first = begin; first + needed <= end; first += window.stride) {
      first_rows.push_back(first);
    }
    begin = end;
  }
  return first_rows;
}

absl::StatusOr<std::shared_ptr<const Source>> MakeWindows(
    std::shared_ptr<const Source> rows, std::shared_ptr<const std::vector<int64_t>> first_rows,
    const SeriesWindow& window, bool is_target) {
  if (rows->is_ragged()) {
    return absl::InvalidArgumentError(
        "its rows differ in length; a window needs rows of one shape");
  }
  const int64_t last = window.length - 1;
  return std::make_shared<const WindowSource>(std::move(rows), std::move(first_rows),
                                              is_target ? 1 : window.length,
                                              is_target ? last + window.ahead : 0, last, is_target);
}

}  // namespace kur
