#include "engine/data/concatenated_source.h"

#include <algorithm>

#include "engine/base/status.h"

namespace kur {

std::optional<Shape> CommonShape(const Shape& a, const Shape& b) {
  if (a.size() != b.size()) return std::nullopt;
  Shape common = a;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    if (a[i] != kUnknown && b[i] != kUnknown) return std::nullopt;
    common[i] = kUnknown;
  }
  return common;
}

ConcatenatedSource::ConcatenatedSource(std::vector<std::shared_ptr<const Source>> parts,
                                       Shape shape)
    : parts_(std::move(parts)),
      starts_{0},
      shape_(std::move(shape)),
      row_size_(NumElements(Shape(shape_.begin() + 1, shape_.end()))) {
  for (const auto& part : parts_) starts_.push_back(starts_.back() + part->size());
}

std::pair<const Source*, int64_t> ConcatenatedSource::Locate(int64_t index) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), index);
  const auto part = static_cast<size_t>(next - starts_.begin() - 1);
  return {parts_[part].get(), index - starts_[part]};
}

std::string ConcatenatedSource::NameOf(int64_t index) const {
  const auto [part, place] = Locate(index);
  return part->NameOf(place);
}

std::string ConcatenatedSource::TextOf(int64_t index) const {
  const auto [part, place] = Locate(index);
  return part->TextOf(place);
}

int64_t ConcatenatedSource::Length(int64_t index) const {
  const auto [part, place] = Locate(index);
  return part->Length(place);
}

int64_t ConcatenatedSource::Extent(const int64_t* indices, int64_t count) const {
  int64_t longest = 1;
  for (int64_t i = 0; i < count; ++i) {
    const auto [part, index] = Locate(indices[i]);
    longest = std::max(longest, part->Extent(&index, 1));
  }
  return longest;
}

std::vector<bool> ConcatenatedSource::Unreadable(const int64_t* indices, int64_t count) const {
  std::vector<bool> unreadable(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const auto [part, index] = Locate(indices[i]);
    const std::vector<bool> of_part = part->Unreadable(&index, 1);
    unreadable[static_cast<size_t>(i)] = !of_part.empty() && of_part[0];
  }
  return unreadable;
}

absl::Status ConcatenatedSource::Gather(const int64_t* indices, int64_t count, int64_t extent,
                                        float* to) const {
  for (int64_t i = 0; i < count; ++i) {
    const auto [part, index] = Locate(indices[i]);
    // A part that is not ragged cannot pad its samples itself.
    const int64_t filled = part->is_ragged() ? extent : part->shape()[0];
    KUR_RETURN_IF_ERROR(part->Gather(&index, 1, filled, to));
    std::fill_n(to + filled * row_size_, (extent - filled) * row_size_, 0.0f);
    to += extent * row_size_;
  }
  return absl::OkStatus();
}

}  // namespace kur
