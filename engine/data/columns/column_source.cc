#include "engine/data/columns/column_source.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/columns/derived_source.h"
#include "engine/data/columns/renumbered_source.h"
#include "engine/data/encoding.h"
#include "engine/data/named_source.h"
#include "engine/formats/array.h"

namespace kur {
namespace {

constexpr size_t kMaxInferredClasses = 10'000;

// Concatenates samples along the last axis.
class CombinedSource : public DerivedSource {
 public:
  CombinedSource(std::vector<std::shared_ptr<const Source>> parts, Shape shape)
      : DerivedSource(parts[0]), parts_(std::move(parts)), shape_(std::move(shape)) {}

  const Shape& shape() const override { return shape_; }
  // Several columns have no text of their own.
  std::string TextOf(int64_t /*index*/) const override { return ""; }

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
            absl::StrCat(SampleText(*this, indices[i]), " has the length ", length, " in one and ",
                         other, " in another of the sources that are put together"));
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
        symbols_{classes.texts, /*is_one_hot=*/true, !classes.is_inferred} {
    for (size_t i = 0; i < classes.numbers.size(); ++i) {
      const auto number = static_cast<float>(classes.numbers[i]);
      numbers_[number] = static_cast<int64_t>(i);
      symbols_.names.push_back(absl::StrCat(number));
    }
  }

  const Shape& shape() const override { return shape_; }
  const SymbolTable& symbols() const override { return symbols_; }

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
    return ForEachSample(base(), AllSamples(base()),
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
      return absl::InvalidArgumentError(absl::StrCat(SampleText(*this, sample), " has the value ",
                                                     label, ", which is none of the classes"));
    }
    if (label >= 0 && label < static_cast<float>(classes_) && label == std::floor(label)) {
      return static_cast<int64_t>(label);
    }
    return absl::InvalidArgumentError(
        absl::StrCat(SampleText(*this, sample), " has the value ", label,
                     "; the numbers of the classes are integers from 0 to ", classes_ - 1));
  }

  int64_t classes_;
  Shape shape_;
  SymbolTable symbols_;               // empty: the classes have no names
  std::map<float, int64_t> numbers_;  // empty: the labels are the numbers of the classes
};

// The values of another source in another shape.
class ReshapedSource : public DerivedSource {
 public:
  ReshapedSource(std::shared_ptr<const Source> source, Shape shape)
      : DerivedSource(std::move(source)), shape_(std::move(shape)) {}

  const Shape& shape() const override { return shape_; }
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                      float* to) const override {
    return base().Gather(indices, count, base().shape()[0], to);
  }

 private:
  const Shape shape_;
};

// Gives equal texts of the parts one number, and returns the texts. Vectors that are one-hot
// already stay apart, as their elements do.
absl::StatusOr<SymbolTable> ShareSymbols(std::vector<std::shared_ptr<const Source>>* parts) {
  std::set<std::string> all;
  for (const auto& part : *parts) {
    const SymbolTable& own = part->symbols();
    if (own.is_one_hot) return SymbolTable();
    if (own.empty() != (*parts)[0]->symbols().empty()) {
      return absl::InvalidArgumentError("texts and numbers cannot be put together");
    }
    all.insert(own.names.begin(), own.names.end());
  }
  if (all.empty()) return SymbolTable();
  SymbolTable shared;
  shared.names = SortClasses(all);
  for (auto& part : *parts) {
    KUR_ASSIGN_OR_RETURN(part, Renumber(std::move(part), shared.names, "its own"));
  }
  return shared;
}

// Turns numbers into those of their classes.
class ClassNumberSource : public DerivedSource {
 public:
  // `numbers` are those of the classes, ascending; every value is one of them, or a gap (NaN).
  ClassNumberSource(std::shared_ptr<const Source> labels, std::vector<float> numbers)
      : DerivedSource(std::move(labels)), numbers_(std::move(numbers)) {
    for (const float number : numbers_) symbols_.names.push_back(absl::StrCat(number));
  }

  const SymbolTable& symbols() const override { return symbols_; }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    KUR_RETURN_IF_ERROR(base().Gather(indices, count, extent, to));
    if (!is_ragged()) extent = shape()[0];
    const int64_t row = RowElements(base());
    for (int64_t i = 0; i < count; ++i, to += extent * row) {
      for (int64_t j = 0; j < base().Length(indices[i]) * row; ++j) {
        if (std::isnan(to[j])) continue;
        const auto found = std::lower_bound(numbers_.begin(), numbers_.end(), to[j]);
        to[j] = static_cast<float>(found - numbers_.begin());
      }
    }
    return absl::OkStatus();
  }

 private:
  std::vector<float> numbers_;
  SymbolTable symbols_;
};

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
  KUR_ASSIGN_OR_RETURN(SymbolTable symbols, ShareSymbols(&parts));
  auto combined = std::make_shared<const CombinedSource>(std::move(parts), std::move(shape));
  if (symbols.empty()) return combined;
  return WithSymbols(std::move(combined), std::move(symbols));
}

absl::StatusOr<std::shared_ptr<const Source>> EncodeOneHot(std::shared_ptr<const Source> labels,
                                                           const ClassList& classes) {
  KUR_RETURN_IF_ERROR(CheckSize(OneHotShape(labels->shape(), classes.count)));
  auto source = std::make_shared<const ClassSource>(std::move(labels), classes);
  KUR_RETURN_IF_ERROR(source->CheckLabels());
  return source;
}

absl::StatusOr<std::shared_ptr<const Source>> NumberClasses(std::shared_ptr<const Source> labels,
                                                            bool may_have_gaps) {
  if (!labels->symbols().empty()) return labels;
  std::set<float> numbers;
  const auto add = [&](const float* values, int64_t count, int64_t sample) -> absl::Status {
    for (int64_t i = 0; i < count; ++i) {
      if (std::isfinite(values[i])) {
        numbers.insert(values[i]);
      } else if (!may_have_gaps || !std::isnan(values[i])) {
        return absl::InvalidArgumentError(absl::StrCat(
            SampleText(*labels, sample), " has the value ", values[i], ", which is no class"));
      }
    }
    if (numbers.size() <= kMaxInferredClasses) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("there are more than ", kMaxInferredClasses,
                     " different values; list the classes, if that is what they are"));
  };
  KUR_RETURN_IF_ERROR(ForEachSample(*labels, AllSamples(*labels), add));
  return std::make_shared<const ClassNumberSource>(
      std::move(labels), std::vector<float>(numbers.begin(), numbers.end()));
}

absl::StatusOr<std::shared_ptr<const Source>> ReshapeColumn(std::shared_ptr<const Source> source,
                                                            const Shape& shape) {
  if (!source->is_ragged() && NumElements(source->shape()) == NumElements(shape)) {
    return std::make_shared<const ReshapedSource>(std::move(source), shape);
  }
  return absl::InvalidArgumentError(absl::StrCat("its samples have the shape ",
                                                 ToString(source->shape()),
                                                 ", which cannot become ", ToString(shape)));
}

}  // namespace kur
