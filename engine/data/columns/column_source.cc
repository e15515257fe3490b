#include "engine/data/columns/column_source.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/formats/array.h"

namespace kur {
namespace {

// The number of values to read at a time in a pass over all samples.
constexpr int64_t kBlockElements = int64_t{1} << 16;

// Returns the number of elements per step of a sample's first axis.
int64_t RowElements(const Source& source) {
  return NumElements(Shape(source.shape().begin() + 1, source.shape().end()));
}

// Calls use(values, number of values, sample) for the samples at `indices`, in order. Padding is
// not among the values.
template <class Use>
absl::Status ForEachSample(const Source& source, const std::vector<int64_t>& indices,
                           const Use& use) {
  const int64_t row = RowElements(source);
  const auto size = static_cast<int64_t>(indices.size());
  const int64_t most =
      source.is_ragged() ? 1 : std::max<int64_t>(kBlockElements / (source.shape()[0] * row), 1);
  std::vector<float> values;
  for (int64_t first = 0; first < size; first += most) {
    const int64_t count = std::min(most, size - first);
    const int64_t* const begin = indices.data() + first;
    const int64_t extent = source.Extent(begin, count);
    values.resize(static_cast<size_t>(count * extent * row));
    KUR_RETURN_IF_ERROR(source.Gather(begin, count, extent, values.data()));
    for (int64_t i = 0; i < count; ++i) {
      KUR_RETURN_IF_ERROR(
          use(values.data() + i * extent * row, source.Length(begin[i]) * row, begin[i]));
    }
  }
  return absl::OkStatus();
}

// A source computed from a base source. Its samples are ragged if those of the base are, with the
// same lengths.
class DerivedSource : public Source {
 public:
  explicit DerivedSource(std::shared_ptr<const Source> base) : base_(std::move(base)) {}

  int64_t size() const override { return base_->size(); }
  const Shape& shape() const override { return base_->shape(); }
  int64_t Length(int64_t index) const override {
    return is_ragged() ? base_->Length(index) : shape()[0];
  }
  int64_t Extent(const int64_t* indices, int64_t count) const override {
    return is_ragged() ? base_->Extent(indices, count) : shape()[0];
  }
  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override {
    return base_->Unreadable(indices, count);
  }

 protected:
  const Source& base() const { return *base_; }

 private:
  std::shared_ptr<const Source> base_;
};

// Concatenates samples along the last axis.
class CombinedSource : public DerivedSource {
 public:
  CombinedSource(std::vector<std::shared_ptr<const Source>> parts, Shape shape)
      : DerivedSource(parts[0]), parts_(std::move(parts)), shape_(std::move(shape)) {}

  const Shape& shape() const override { return shape_; }

  int64_t Extent(const int64_t* indices, int64_t count) const override {
    if (!is_ragged()) return shape_[0];
    int64_t longest = 1;
    for (const auto& part : parts_) longest = std::max(longest, part->Extent(indices, count));
    return longest;
  }

  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override {
    std::vector<bool> unreadable;
    for (const auto& part : parts_) AddUnreadable(part->Unreadable(indices, count), &unreadable);
    return unreadable;
  }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    if (is_ragged()) KUR_RETURN_IF_ERROR(CheckLengths(indices, count));
    const int64_t rows = count * extent * RowElements(*this) / shape_.back();
    std::vector<float> values;
    for (const auto& part : parts_) {
      const int64_t width = part->shape().back();
      values.resize(static_cast<size_t>(rows * width));
      KUR_RETURN_IF_ERROR(
          part->Gather(indices, count, is_ragged() ? extent : part->shape()[0], values.data()));
      for (int64_t row = 0; row < rows; ++row) {
        std::copy_n(values.data() + row * width, width, to + row * shape_.back());
      }
      to += width;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CheckLengths(const int64_t* indices, int64_t count) const {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t length = Length(indices[i]);
      for (const auto& part : parts_) {
        const int64_t other = part->Length(indices[i]);
        if (other == length) continue;
        return absl::InvalidArgumentError(
            absl::StrCat("sample ", indices[i], " has the length ", length, " in one and ", other,
                         " in another of the sources that are put together"));
      }
    }
    return absl::OkStatus();
  }

  std::vector<std::shared_ptr<const Source>> parts_;
  Shape shape_;
};

// Turns labels into one-hot vectors.
class ClassSource : public DerivedSource {
 public:
  ClassSource(std::shared_ptr<const Source> labels, const ClassList& classes)
      : DerivedSource(labels),
        classes_(classes.count),
        shape_(OneHotShape(labels->shape(), classes.count)),
        symbols_(classes.texts) {
    for (size_t i = 0; i < classes.numbers.size(); ++i) {
      numbers_[static_cast<float>(classes.numbers[i])] = static_cast<int64_t>(i);
    }
  }

  const Shape& shape() const override { return shape_; }
  const std::vector<std::string>& symbols() const override { return symbols_; }

  // Zeros follow a shorter sample, as its padding has no class.
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    const int64_t row = RowElements(base());
    if (!is_ragged()) extent = base().shape()[0];
    std::vector<float> labels(static_cast<size_t>(count * extent * row));
    KUR_RETURN_IF_ERROR(base().Gather(indices, count, extent, labels.data()));
    std::fill_n(to, count * extent * row * classes_, 0.0F);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t first = i * extent * row;
      for (int64_t j = first; j < first + base().Length(indices[i]) * row; ++j) {
        KUR_ASSIGN_OR_RETURN(const int64_t number,
                             ClassOf(labels[static_cast<size_t>(j)], indices[i]));
        to[j * classes_ + number] = 1;
      }
    }
    return absl::OkStatus();
  }

  // Returns INVALID_ARGUMENT for the first label that is no class.
  absl::Status CheckLabels() const {
    std::vector<int64_t> all(static_cast<size_t>(size()));
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
    return ForEachSample(base(), all,
                         [&](const float* values, int64_t count, int64_t sample) -> absl::Status {
                           for (int64_t i = 0; i < count; ++i) {
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

  int64_t classes_;
  Shape shape_;
  std::vector<std::string> symbols_;  // empty: the classes have no names
  std::map<float, int64_t> numbers_;  // empty: the labels are the numbers of the classes
};

class ScaledSource : public DerivedSource {
 public:
  // `scale` and `offset` have a number for each position of the last axis, or one for all of them.
  ScaledSource(std::shared_ptr<const Source> values, std::vector<double> scale,
               std::vector<double> offset)
      : DerivedSource(std::move(values)), scale_(std::move(scale)), offset_(std::move(offset)) {}

  // Leaves the padding as it is.
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    KUR_RETURN_IF_ERROR(base().Gather(indices, count, extent, to));
    const size_t depth = scale_.size();
    const int64_t row = RowElements(base());
    for (int64_t i = 0; i < count; ++i) {
      float* const end = to + base().Length(indices[i]) * row;
      for (float* values = to; values < end; values += depth) {
        // Double precision, as values may be large beside their deviation.
        for (size_t j = 0; j < depth; ++j) {
          values[j] = static_cast<float>(values[j] * scale_[j] + offset_[j]);
        }
      }
      to += extent * row;
    }
    return absl::OkStatus();
  }

 private:
  std::vector<double> scale_;
  std::vector<double> offset_;
};

// Running statistics of the values at one position of the last axis, by Welford's algorithm.
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

  // Returns the value that is scaled to 0.
  double Center(ColumnScaling::Kind kind) const {
    return kind == ColumnScaling::Kind::kStandard ? mean : min;
  }
  // Returns the distance from Center() that is scaled to 1.
  double Unit(ColumnScaling::Kind kind) const {
    if (min == max) return 1;
    return kind == ColumnScaling::Kind::kStandard ? std::sqrt(squares / static_cast<double>(count))
                                                  : max - min;
  }
};

// Returns the number of positions with a scale of their own: the last extent, or 1 if it is ragged.
size_t Depth(const Source& source) {
  const int64_t last = source.shape().back();
  return last == kUnknown ? 1 : static_cast<size_t>(last);
}

absl::StatusOr<std::vector<Statistics>> Learn(const Source& source,
                                              const std::vector<int64_t>& training) {
  std::vector<Statistics> statistics(Depth(source));
  const auto add = [&](const float* values, int64_t count, int64_t sample) -> absl::Status {
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
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

// Returns one number for each of `depth` positions; a single number is repeated.
absl::StatusOr<std::vector<double>> Broadcast(const std::vector<double>& numbers, size_t depth) {
  if (numbers.size() == depth) return numbers;
  if (numbers.size() == 1) return std::vector<double>(depth, numbers[0]);
  return absl::InvalidArgumentError(absl::StrCat("there are ", numbers.size(),
                                                 " numbers for a last axis of the length ", depth,
                                                 "; give one, or one for each position"));
}

// Returns INVALID_ARGUMENT if the elements of a sample (of a ragged one: per step) overflow.
absl::Status CheckSize(Shape shape) {
  if (shape[0] == kUnknown) shape[0] = 1;
  return CountElements(shape, sizeof(float)).status();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Source>> CombineColumns(
    std::vector<std::shared_ptr<const Source>> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  Shape shape = parts[0]->shape();
  shape.back() = 0;
  for (const auto& part : parts) {
    if (part->shape().back() == kUnknown) {
      return absl::InvalidArgumentError(
          absl::StrCat("samples of the shape ", ToString(part->shape()),
                       " cannot be put together along their last axis, as it varies"));
    }
    Shape other = part->shape();
    other.back() = shape.back();
    if (other != shape) {
      return absl::InvalidArgumentError(
          absl::StrCat("samples of the shapes ", ToString(parts[0]->shape()), " and ",
                       ToString(part->shape()), " cannot be put together along the last axis"));
    }
    shape.back() += part->shape().back();
  }
  KUR_RETURN_IF_ERROR(CheckSize(shape));
  return std::make_shared<const CombinedSource>(std::move(parts), std::move(shape));
}

absl::StatusOr<std::shared_ptr<const Source>> EncodeOneHot(std::shared_ptr<const Source> labels,
                                                           const ClassList& classes) {
  KUR_RETURN_IF_ERROR(CheckSize(OneHotShape(labels->shape(), classes.count)));
  auto source = std::make_shared<const ClassSource>(std::move(labels), classes);
  KUR_RETURN_IF_ERROR(source->CheckLabels());
  return source;
}

absl::StatusOr<std::shared_ptr<const Source>> NormalizeColumn(
    std::shared_ptr<const Source> values, const ColumnScaling& scaling,
    const std::vector<int64_t>& training) {
  const size_t depth = Depth(*values);
  std::vector<double> scale;
  std::vector<double> offset;
  if (scaling.kind == ColumnScaling::Kind::kGiven) {
    KUR_ASSIGN_OR_RETURN(scale, Broadcast(scaling.scale, depth));
    KUR_ASSIGN_OR_RETURN(offset, Broadcast(scaling.offset, depth));
  } else {
    KUR_ASSIGN_OR_RETURN(const auto statistics, Learn(*values, training));
    for (const Statistics& position : statistics) {
      scale.push_back(1 / position.Unit(scaling.kind));
      offset.push_back(-position.Center(scaling.kind) * scale.back());
    }
  }
  return std::make_shared<const ScaledSource>(std::move(values), std::move(scale),
                                              std::move(offset));
}

}  // namespace kur
