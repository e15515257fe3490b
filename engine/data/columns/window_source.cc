#include "engine/data/columns/window_source.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace kur {
namespace {

class WindowSource : public Source {
 public:
  // A sample is the `length` rows from its index times `stride` plus `offset` on. `is_row`: one row
  // is no sequence.
  WindowSource(std::shared_ptr<const Source> series, int64_t size, int64_t length, int64_t stride,
               int64_t offset, int64_t name_offset, bool is_row)
      : series_(std::move(series)),
        size_(size),
        length_(length),
        stride_(stride),
        offset_(offset),
        name_offset_(name_offset),
        shape_(series_->shape()) {
    if (!is_row) shape_.insert(shape_.begin(), length);
  }

  int64_t size() const override { return size_; }
  const Shape& shape() const override { return shape_; }
  const SymbolTable& symbols() const override { return series_->symbols(); }
  std::string NameOf(int64_t index) const override {
    return series_->NameOf(index * stride_ + name_offset_);
  }
  std::string TextOf(int64_t index) const override {
    return series_->TextOf(index * stride_ + name_offset_);
  }

  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override {
    const std::vector<int64_t> rows = RowsOf(indices, count);
    const auto unreadable = series_->Unreadable(rows.data(), static_cast<int64_t>(rows.size()));
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
    return series_->Gather(rows.data(), static_cast<int64_t>(rows.size()), series_->shape()[0], to);
  }

 private:
  std::vector<int64_t> RowsOf(const int64_t* indices, int64_t count) const {
    std::vector<int64_t> rows;
    rows.reserve(static_cast<size_t>(count * length_));
    for (int64_t i = 0; i < count; ++i) {
      const int64_t first = indices[i] * stride_ + offset_;
      for (int64_t row = first; row < first + length_; ++row) rows.push_back(row);
    }
    return rows;
  }

  const std::shared_ptr<const Source> series_;
  const int64_t size_;
  const int64_t length_;
  const int64_t stride_;
  const int64_t offset_;
  const int64_t name_offset_;
  Shape shape_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Source>> MakeWindows(std::shared_ptr<const Source> series,
                                                          const SeriesWindow& window,
                                                          bool is_target, bool has_targets) {
  if (series->is_ragged()) {
    return absl::InvalidArgumentError(
        "its rows differ in length; a window needs rows of one shape");
  }
  const int64_t size = window.Count(series->size(), has_targets);
  if (size == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the series has ", series->size(), " rows, of which a window takes ", window.length,
        has_targets ? absl::StrCat(" and ", window.ahead, " ahead") : "",
        "; give it a smaller length"));
  }
  const int64_t last = window.length - 1;
  return std::make_shared<const WindowSource>(std::move(series), size,
                                              is_target ? 1 : window.length, window.stride,
                                              is_target ? last + window.ahead : 0, last, is_target);
}

}  // namespace kur
