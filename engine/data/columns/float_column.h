#ifndef KUR_ENGINE_DATA_COLUMNS_FLOAT_COLUMN_H_
#define KUR_ENGINE_DATA_COLUMNS_FLOAT_COLUMN_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/spillable_vector.h"
#include "engine/data/source.h"

namespace kur {

// A column that a reader fills sample by sample and then turns into a source, which is ragged if
// the samples differ in their first extent. Not thread-safe; the source is.
//
//   FloatColumn column;
//   for (const float value : {1, 2, 3, 4}) column.Push(value);
//   column.EndSample(2);  // a sample of two rows
//   KUR_ASSIGN_OR_RETURN(auto source, std::move(column).Build({2}));  // of two numbers each
class FloatColumn {
 public:
  void Push(float value) { values_.Push(value); }

  // What was pushed since the last sample makes one of `extent` rows.
  void EndSample(int64_t extent);

  int64_t num_samples() const { return num_samples_; }

  // `row` is the shape of a sample without its first axis. INVALID_ARGUMENT if the samples have no
  // elements. Precondition: what was pushed are the rows of all samples.
  absl::StatusOr<std::shared_ptr<const Source>> Build(const Shape& row) &&;

 private:
  int64_t num_samples_ = 0;
  int64_t extent_ = 0;           // of the first sample
  std::vector<int64_t> starts_;  // rows before each sample, and all; empty while extents are equal
  SpillableVector<float> values_;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_FLOAT_COLUMN_H_
