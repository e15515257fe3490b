#include "engine/data/array_source.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/value/value.h"

namespace kur {
namespace {

absl::StatusOr<std::vector<int32_t>> ReadLabels(const Array& labels, int64_t classes) {
  if (labels.rank() == 0 || labels.shape()[0] != labels.count()) {
    return absl::InvalidArgumentError("labels must be one integer for each sample");
  }
  std::vector<int32_t> numbers(static_cast<size_t>(labels.count()));
  for (int64_t i = 0; i < labels.count(); ++i) {
    const double label = labels.At(i);
    if (!(label >= 0 && label < static_cast<double>(classes)) || label != std::floor(label)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "sample ", i, " has the label ", label, "; labels are integers from 0 to ", classes - 1));
    }
    numbers[static_cast<size_t>(i)] = static_cast<int32_t>(label);
  }
  return numbers;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ArraySource>> ArraySource::Create(
    Array array, Normalization normalization) {
  if (array.rank() == 0) {
    return absl::InvalidArgumentError("a single number is no column of samples");
  }
  Shape shape(array.shape().begin() + 1, array.shape().end());
  if (shape.empty()) shape = {1};
  KUR_ASSIGN_OR_RETURN(const int64_t width, CountElements(shape, sizeof(float)));
  if (width == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("its samples have the shape ", ToString(shape), " and so no elements"));
  }
  const size_t offsets = normalization.offset.size();
  if (offsets > 1 && offsets != static_cast<size_t>(width)) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", offsets, " offsets for samples of ", width, " elements"));
  }
  return std::shared_ptr<const ArraySource>(
      new ArraySource(std::move(array), std::move(normalization), std::move(shape), width));
}

std::string ArraySource::TextOf(int64_t index) const {
  if (width_ != 1) return "";
  switch (array_.dtype()) {
    case DType::kInt64:
      return absl::StrCat(array_.data<int64_t>()[index]);
    case DType::kUint64:
      return absl::StrCat(array_.data<uint64_t>()[index]);
    default:
      return FormatFloat(array_.At(index));
  }
}

template <class T, class Convert>
void ArraySource::GatherAs(const int64_t* indices, int64_t count, float* to,
                           Convert convert) const {
  const T* const from = array_.data<T>();
  const float scale = normalization_.scale;
  const float common = normalization_.offset.size() == 1 ? normalization_.offset[0] : 0;
  const float* const offset =
      normalization_.offset.size() > 1 ? normalization_.offset.data() : nullptr;
  for (int64_t i = 0; i < count; ++i) {
    const T* const sample = from + indices[i] * width_;
    float* const out = to + i * width_;
    // Without a branch inside, the compiler vectorizes both loops.
    if (offset != nullptr) {
      for (int64_t j = 0; j < width_; ++j) out[j] = convert(sample[j]) * scale + offset[j];
    } else {
      for (int64_t j = 0; j < width_; ++j) out[j] = convert(sample[j]) * scale + common;
    }
  }
}

template <class T>
void ArraySource::GatherAs(const int64_t* indices, int64_t count, float* to) const {
  GatherAs<T>(indices, count, to, [](T value) { return static_cast<float>(value); });
}

absl::Status ArraySource::Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                                 float* to) const {
  for (int64_t i = 0; i < count; ++i) array_.Prefetch(indices[i] * width_, width_);
  const bool as_stored = normalization_.scale == 1 && normalization_.offset.empty();
  switch (array_.dtype()) {
    case DType::kBool:
    case DType::kUint8:
      GatherAs<uint8_t>(indices, count, to);
      break;
    case DType::kInt8:
      GatherAs<int8_t>(indices, count, to);
      break;
    case DType::kInt16:
      GatherAs<int16_t>(indices, count, to);
      break;
    case DType::kInt32:
      GatherAs<int32_t>(indices, count, to);
      break;
    case DType::kInt64:
      GatherAs<int64_t>(indices, count, to);
      break;
    case DType::kUint16:
      GatherAs<uint16_t>(indices, count, to);
      break;
    case DType::kUint32:
      GatherAs<uint32_t>(indices, count, to);
      break;
    case DType::kUint64:
      GatherAs<uint64_t>(indices, count, to);
      break;
    case DType::kFloat16:
      GatherAs<uint16_t>(indices, count, to, HalfToFloat);
      break;
    case DType::kFloat32:
      if (as_stored) {
        const size_t bytes = static_cast<size_t>(width_) * sizeof(float);
        for (int64_t i = 0; i < count; ++i) {
          std::memcpy(to + i * width_, array_.data<float>() + indices[i] * width_, bytes);
        }
      } else {
        GatherAs<float>(indices, count, to);
      }
      break;
    case DType::kFloat64:
      GatherAs<double>(indices, count, to);
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const OneHotSource>> OneHotSource::Create(const Array& labels,
                                                                         int64_t classes) {
  KUR_ASSIGN_OR_RETURN(auto numbers, ReadLabels(labels, classes));
  return std::shared_ptr<const OneHotSource>(
      new OneHotSource(std::move(numbers), classes, {{}, /*is_one_hot=*/true}));
}

absl::StatusOr<std::shared_ptr<const OneHotSource>> OneHotSource::Create(const Array& labels,
                                                                         SymbolTable classes) {
  classes.is_one_hot = true;
  const auto count = static_cast<int64_t>(classes.names.size());
  KUR_ASSIGN_OR_RETURN(auto numbers, ReadLabels(labels, count));
  return std::shared_ptr<const OneHotSource>(
      new OneHotSource(std::move(numbers), count, std::move(classes)));
}

absl::Status OneHotSource::Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                                  float* to) const {
  const int64_t classes = shape_[0];
  std::fill_n(to, count * classes, 0.0f);
  for (int64_t i = 0; i < count; ++i) {
    to[i * classes + labels_[static_cast<size_t>(indices[i])]] = 1;
  }
  return absl::OkStatus();
}

}  // namespace kur
