#include "engine/data/column_source.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/array.h"

namespace kur {
namespace {

// Values that are read at a time where all samples are looked at.
constexpr int64_t kBlockElements = int64_t{1} << 16;

absl::Status RequireFixed(const Source& source) {
  if (!source.is_ragged()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("its samples vary in length, ", ToString(source.shape()),
                   "; only samples of one shape can be converted or put together"));
}

// Calls use(values, sample, position of the first value) for all samples at `indices`, in order.
template <class Use>
absl::Status ForEachSample(const Source& source, const std::vector<int64_t>& indices,
                           const Use& use) {
  const int64_t width = NumElements(source.shape());
  const auto size = static_cast<int64_t>(indices.size());
  const int64_t block = std::clamp<int64_t>(kBlockElements / width, 1, std::max<int64_t>(size, 1));
  std::vector<float> values(static_cast<size_t>(block * width));
  for (int64_t first = 0; first < size; first += block) {
    const int64_t count = std::min(block, size - first);
    const int64_t* const begin = indices.data() + first;
    KUR_RETURN_IF_ERROR(source.Gather(begin, count, source.shape()[0], values.data()));
    for (int64_t i = 0; i < count; ++i)
      KUR_RETURN_IF_ERROR(use(values.data() + i * width, begin[i]));
  }
  return absl::OkStatus();
}

class CombinedSource : public Source {
 public:
  CombinedSource(std::vector<std::shared_ptr<const Source>> parts, Shape shape)
      : parts_(std::move(parts)), shape_(std::move(shape)) {}

  int64_t size() const override { return parts_[0]->size(); }
  const Shape& shape() const override { return shape_; }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                      float* to) const override {
    const int64_t rows = count * NumElements(shape_) / shape_.back();
    std::vector<float> values;
    for (const auto& part : parts_) {
      const int64_t width = part->shape().back();
      values.resize(static_cast<size_t>(rows * width));
      KUR_RETURN_IF_ERROR(part->Gather(indices, count, part->shape()[0], values.data()));
      for (int64_t row = 0; row < rows; ++row) {
        std::copy_n(values.data() + row * width, width, to + row * shape_.back());
      }
      to += width;
    }
    return absl::OkStatus();
  }

 private:
  std::vector<std::shared_ptr<const Source>> parts_;
  Shape shape_;
};

class ClassSource : public Source {
 public:
  ClassSource(std::shared_ptr<const Source> labels, const ClassList& classes)
      : labels_(std::move(labels)),
        classes_(classes.count),
        shape_(OneHotShape(labels_->shape(), classes.count)) {
    for (size_t i = 0; i < classes.numbers.size(); ++i) {
      numbers_[static_cast<float>(classes.numbers[i])] = static_cast<int64_t>(i);
    }
  }

  int64_t size() const override { return labels_->size(); }
  const Shape& shape() const override { return shape_; }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                      float* to) const override {
    const int64_t width = NumElements(labels_->shape());
    std::vector<float> labels(static_cast<size_t>(count * width));
    KUR_RETURN_IF_ERROR(labels_->Gather(indices, count, labels_->shape()[0], labels.data()));
    to = std::fill_n(to, count * width * classes_, 0.0F) - count * width * classes_;
    for (size_t i = 0; i < labels.size(); ++i) {
      KUR_ASSIGN_OR_RETURN(const int64_t number,
                           ClassOf(labels[i], indices[static_cast<int64_t>(i) / width]));
      to[static_cast<int64_t>(i) * classes_ + number] = 1;
    }
    return absl::OkStatus();
  }

  // Looks at all labels.
  absl::Status Check() const {
    std::vector<int64_t> all(static_cast<size_t>(size()));
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
    const int64_t width = NumElements(labels_->shape());
    return ForEachSample(*labels_, all, [&](const float* values, int64_t sample) -> absl::Status {
      for (int64_t i = 0; i < width; ++i) {
        KUR_RETURN_IF_ERROR(ClassOf(values[i], sample).status());
      }
      return absl::OkStatus();
    });
  }

 private:
  absl::StatusOr<int64_t> ClassOf(float label, int64_t sample) const {
    if (!numbers_.empty()) {
      const auto found = std::isnan(label) ? numbers_.end() : numbers_.find(label);
      if (found != numbers_.end()) return found->second;
      return absl::InvalidArgumentError(absl::StrCat("sample ", sample, " has the value ", label,
                                                     ", which is none of the classes"));
    }
    if (label >= 0 && label < static_cast<float>(classes_) && label == std::floor(label)) {
      return static_cast<int64_t>(label);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("sample ", sample, " has the value ", label,
                     "; the numbers of the classes are integers from 0 to ", classes_ - 1));
  }

  std::shared_ptr<const Source> labels_;
  int64_t classes_;
  Shape shape_;
  std::map<float, int64_t> numbers_;  // empty: the labels are the numbers of the classes
};

class ScaledSource : public Source {
 public:
  // `scale` and `offset` have a number for each position of the last axis.
  ScaledSource(std::shared_ptr<const Source> values, std::vector<double> scale,
               std::vector<double> offset)
      : values_(std::move(values)), scale_(std::move(scale)), offset_(std::move(offset)) {}

  int64_t size() const override { return values_->size(); }
  const Shape& shape() const override { return values_->shape(); }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    KUR_RETURN_IF_ERROR(values_->Gather(indices, count, extent, to));
    const size_t depth = scale_.size();
    const int64_t rows = count * NumElements(shape()) / static_cast<int64_t>(depth);
    for (int64_t row = 0; row < rows; ++row, to += depth) {
      // In double precision: large values with a small deviation lose nothing.
      for (size_t i = 0; i < depth; ++i) to[i] = static_cast<float>(to[i] * scale_[i] + offset_[i]);
    }
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<const Source> values_;
  std::vector<double> scale_;
  std::vector<double> offset_;
};

// What is known of the values at one position of the last axis (by Welford).
struct Statistics {
  int64_t count = 0;
  double mean = 0;
  double squares = 0;  // the sum of squared differences from the mean
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  void Add(double value) {
    ++count;
    const double difference = value - mean;
    mean += difference / static_cast<double>(count);
    squares += difference * (value - mean);
    min = std::min(min, value);
    max = std::max(max, value);
  }

  // What becomes 0, and how far from it 1 is.
  double Origin(ColumnScaling::Kind kind) const {
    return kind == ColumnScaling::Kind::kStandard ? mean : min;
  }
  double Unit(ColumnScaling::Kind kind) const {
    if (min == max) return 1;
    return kind == ColumnScaling::Kind::kStandard ? std::sqrt(squares / static_cast<double>(count))
                                                  : max - min;
  }
};

absl::StatusOr<std::vector<Statistics>> Learn(const Source& source,
                                              const std::vector<int64_t>& training) {
  std::vector<Statistics> statistics(static_cast<size_t>(source.shape().back()));
  const auto width = static_cast<size_t>(NumElements(source.shape()));
  const auto add = [&](const float* values, int64_t sample) -> absl::Status {
    for (size_t i = 0; i < width; ++i) {
      if (!std::isfinite(values[i])) {
        return absl::InvalidArgumentError(
            absl::StrCat("sample ", sample, " has the value ", values[i],
                         ", so that there are no statistics; give numbers, as in {mean, std}"));
      }
      statistics[i % statistics.size()].Add(values[i]);
    }
    return absl::OkStatus();
  };
  KUR_RETURN_IF_ERROR(ForEachSample(source, training, add));
  return statistics;
}

// One number for each of `depth` positions.
absl::StatusOr<std::vector<double>> Spread(const std::vector<double>& numbers, size_t depth) {
  if (numbers.size() == depth) return numbers;
  if (numbers.size() == 1) return std::vector<double>(depth, numbers[0]);
  return absl::InvalidArgumentError(absl::StrCat("there are ", numbers.size(),
                                                 " numbers for a last axis of the length ", depth,
                                                 "; give one, or one for each position"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Source>> Combine(
    std::vector<std::shared_ptr<const Source>> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  Shape shape = parts[0]->shape();
  shape.back() = 0;
  for (const auto& part : parts) {
    KUR_RETURN_IF_ERROR(RequireFixed(*part));
    Shape other = part->shape();
    other.back() = shape.back();
    if (other != shape) {
      return absl::InvalidArgumentError(
          absl::StrCat("samples of the shapes ", ToString(parts[0]->shape()), " and ",
                       ToString(part->shape()), " cannot be put together along the last axis"));
    }
    shape.back() += part->shape().back();
  }
  KUR_RETURN_IF_ERROR(CountElements(shape, sizeof(float)).status());
  return std::make_shared<const CombinedSource>(std::move(parts), std::move(shape));
}

absl::StatusOr<std::shared_ptr<const Source>> OneHot(std::shared_ptr<const Source> labels,
                                                     const ClassList& classes) {
  KUR_RETURN_IF_ERROR(RequireFixed(*labels));
  KUR_RETURN_IF_ERROR(
      CountElements(OneHotShape(labels->shape(), classes.count), sizeof(float)).status());
  auto source = std::make_shared<const ClassSource>(std::move(labels), classes);
  KUR_RETURN_IF_ERROR(source->Check());
  return source;
}

absl::StatusOr<std::shared_ptr<const Source>> Normalize(std::shared_ptr<const Source> values,
                                                        const ColumnScaling& scaling,
                                                        const std::vector<int64_t>& training) {
  KUR_RETURN_IF_ERROR(RequireFixed(*values));
  const auto depth = static_cast<size_t>(values->shape().back());
  std::vector<double> scale;
  std::vector<double> offset;
  if (scaling.kind == ColumnScaling::Kind::kGiven) {
    KUR_ASSIGN_OR_RETURN(scale, Spread(scaling.scale, depth));
    KUR_ASSIGN_OR_RETURN(offset, Spread(scaling.offset, depth));
  } else {
    KUR_ASSIGN_OR_RETURN(const auto statistics, Learn(*values, training));
    for (const Statistics& position : statistics) {
      scale.push_back(1 / position.Unit(scaling.kind));
      offset.push_back(-position.Origin(scaling.kind) * scale.back());
    }
  }
  return std::make_shared<const ScaledSource>(std::move(values), std::move(scale),
                                              std::move(offset));
}

}  // namespace kur
