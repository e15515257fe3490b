#ifndef KUR_ENGINE_DATA_ARRAY_SOURCE_H_
#define KUR_ENGINE_DATA_ARRAY_SOURCE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/source.h"
#include "engine/formats/array.h"

namespace kur {

// Converts stored values to the values that a model reads: value * scale + offset.
struct Normalization {
  float scale = 1;
  // Empty: nothing is added. One element: it is added to every value. Otherwise one for each
  // element of a sample.
  std::vector<float> offset;
};

// The samples along the first axis of an array. They stay in memory in their stored type and are
// converted to float32 while they are gathered. Immutable, thread-safe.
class ArraySource : public Source {
 public:
  // Returns INVALID_ARGUMENT if the array is a scalar, if its samples have no elements, or if the
  // offset has neither one element nor as many as a sample.
  static absl::StatusOr<std::shared_ptr<const ArraySource>> Create(
      Array array, Normalization normalization = {});

  int64_t size() const override { return array_.shape()[0]; }
  const Shape& shape() const override { return shape_; }
  std::string TextOf(int64_t index) const override;
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override;

  const Array& array() const { return array_; }

 private:
  ArraySource(Array array, Normalization normalization, Shape shape, int64_t width)
      : array_(std::move(array)),
        normalization_(std::move(normalization)),
        shape_(std::move(shape)),
        width_(width) {}

  template <class T, class Convert>
  void GatherAs(const int64_t* indices, int64_t count, float* to, Convert convert) const;
  template <class T>
  void GatherAs(const int64_t* indices, int64_t count, float* to) const;

  Array array_;
  Normalization normalization_;
  Shape shape_;
  int64_t width_;  // elements of a sample
};

// Class numbers, gathered as one-hot vectors of shape (classes,). Immutable, thread-safe.
class OneHotSource : public Source {
 public:
  // `labels` holds one integer for each sample. Returns INVALID_ARGUMENT, naming the sample and its
  // label, unless every label is an integer in [0, classes).
  static absl::StatusOr<std::shared_ptr<const OneHotSource>> Create(const Array& labels,
                                                                    int64_t classes);
  // Does the same for classes with names.
  static absl::StatusOr<std::shared_ptr<const OneHotSource>> Create(const Array& labels,
                                                                    SymbolTable classes);

  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  const Shape& shape() const override { return shape_; }
  const SymbolTable& symbols() const override { return symbols_; }
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override;

 private:
  OneHotSource(std::vector<int32_t> labels, int64_t classes, SymbolTable symbols)
      : labels_(std::move(labels)), shape_{classes}, symbols_(std::move(symbols)) {}

  std::vector<int32_t> labels_;
  Shape shape_;
  SymbolTable symbols_;  // empty: the classes have no names
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_ARRAY_SOURCE_H_
