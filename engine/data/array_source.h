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

// How stored values become what the model sees: value * scale + offset.
struct Normalization {
  float scale = 1;
  // Empty: nothing is added. One element: it is added to every value. Otherwise one for each
  // element of a sample.
  std::vector<float> offset;
};

// Samples along the first axis of an array, kept in memory in the type in which they were stored
// and converted while they are gathered.
class ArraySource : public Source {
 public:
  // INVALID_ARGUMENT if the array has no axis to count samples along, if its samples have no
  // elements, or if the offset fits neither a sample nor everything.
  static absl::StatusOr<std::shared_ptr<const ArraySource>> Create(
      Array array, Normalization normalization = {});

  int64_t size() const override { return array_.shape()[0]; }
  const Shape& shape() const override { return shape_; }
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

// A source for each array, of the same name. INVALID_ARGUMENT as ArraySource::Create(), naming the
// array.
absl::StatusOr<SourceMap> MakeArraySources(std::map<std::string, Array> arrays);

// Class numbers, seen by the model as one-hot vectors of shape (classes,).
class OneHotSource : public Source {
 public:
  // `labels` holds integers, one a sample. INVALID_ARGUMENT if it does not, or if one of them is
  // not in [0, classes); the message names the sample and its label.
  static absl::StatusOr<std::shared_ptr<const OneHotSource>> Create(const Array& labels,
                                                                    int64_t classes);
  // The same for classes that have names.
  static absl::StatusOr<std::shared_ptr<const OneHotSource>> Create(
      const Array& labels, std::vector<std::string> classes);

  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  const Shape& shape() const override { return shape_; }
  const std::vector<std::string>& symbols() const override { return names_; }
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override;

 private:
  OneHotSource(std::vector<int32_t> labels, int64_t classes, std::vector<std::string> names)
      : labels_(std::move(labels)), shape_{classes}, names_(std::move(names)) {}

  std::vector<int32_t> labels_;
  Shape shape_;
  std::vector<std::string> names_;  // of the classes; empty: they have none
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_ARRAY_SOURCE_H_
