#include "engine/data/columns/float_column.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kur {
namespace {

// Samples of one shape, consecutive in memory.
class FixedSource : public Source {
 public:
  FixedSource(Shape shape, int64_t size, SpillableVector<float> values)
      : shape_(std::move(shape)),
        size_(size),
        width_(NumElements(shape_)),
        values_(std::move(values)) {}

  int64_t size() const override { return size_; }
  const Shape& shape() const override { return shape_; }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                      float* to) const override {
    for (int64_t i = 0; i < count; ++i) values_.Prefetch(indices[i] * width_, width_);
    for (int64_t i = 0; i < count; ++i) {
      std::copy_n(values_.data() + indices[i] * width_, width_, to + i * width_);
    }
    return absl::OkStatus();
  }

 private:
  Shape shape_;
  int64_t size_;
  int64_t width_;
  SpillableVector<float> values_;
};

// Samples that differ in their first extent, consecutive in memory.
class RaggedSource : public Source {
 public:
  RaggedSource(Shape shape, int64_t width, std::vector<int64_t> starts,
               SpillableVector<float> values)
      : shape_(std::move(shape)),
        width_(width),
        starts_(std::move(starts)),
        values_(std::move(values)) {}

  int64_t size() const override { return static_cast<int64_t>(starts_.size()) - 1; }
  const Shape& shape() const override { return shape_; }

  int64_t Length(int64_t index) const override {
    const auto sample = static_cast<size_t>(index);
    return starts_[sample + 1] - starts_[sample];
  }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    for (int64_t i = 0; i < count; ++i) {
      values_.Prefetch(starts_[static_cast<size_t>(indices[i])] * width_,
                       Length(indices[i]) * width_);
    }
    for (int64_t i = 0; i < count; ++i) {
      const float* const from = values_.data() + starts_[static_cast<size_t>(indices[i])] * width_;
      const int64_t rows = Length(indices[i]);
      to = std::copy_n(from, rows * width_, to);
      to = std::fill_n(to, (extent - rows) * width_, 0.0f);
    }
    return absl::OkStatus();
  }

 private:
  Shape shape_;
  int64_t width_;  // elements of a row
  std::vector<int64_t> starts_;
  SpillableVector<float> values_;
};

}  // namespace

void FloatColumn::EndSample(int64_t extent) {
  if (num_samples_ == 0) extent_ = extent;
  if (starts_.empty() && extent != extent_) {
    for (int64_t i = 0; i <= num_samples_; ++i) starts_.push_back(i * extent_);
  }
  if (!starts_.empty()) starts_.push_back(starts_.back() + extent);
  ++num_samples_;
}

absl::StatusOr<std::shared_ptr<const Source>> FloatColumn::Build(const Shape& row) && {
  const int64_t width = NumElements(row);
  Shape shape = row;
  shape.insert(shape.begin(), starts_.empty() ? extent_ : kUnknown);
  if (width == 0 || shape[0] == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("its samples have the shape ", ToString(shape), " and so no elements"));
  }
  if (starts_.empty()) {
    return std::make_shared<const FixedSource>(std::move(shape), num_samples_, std::move(values_));
  }
  return std::make_shared<const RaggedSource>(std::move(shape), width, std::move(starts_),
                                              std::move(values_));
}

}  // namespace kur
