#ifndef KUR_ENGINE_DATA_COLUMNS_FLOAT_COLUMN_H_
#define KUR_ENGINE_DATA_COLUMNS_FLOAT_COLUMN_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/spillable_vector.h"
#include "engine/data/source.h"

namespace kur {

// Builds a source from values that a reader adds sample by sample. The source is ragged if the
// samples differ in their first extent. Not thread-safe; the source is thread-safe.
//
//   FloatColumn column;
//   for (const float value : {1, 2, 3, 4}) column.Push(value);
//   column.EndSample(2);  // a sample of two rows
//   KUR_ASSIGN_OR_RETURN(auto source, std::move(column).Build({2}));  // rows of two numbers
class FloatColumn {
 public:
  void Push(float value) { values_.Push(value); }

  // Makes a sample of `extent` rows of the values pushed since the last call.
  void EndSample(int64_t extent);

  int64_t num_samples() const { return num_samples_; }

  // Returns the source. `row` is the shape of a sample without its first axis. Returns
  // INVALID_ARGUMENT if the samples have no elements. Precondition: every sample has `extent` times
  // the elements of `row`.
  absl::StatusOr<std::shared_ptr<const Source>> Build(const Shape& row) &&;

 private:
  int64_t num_samples_ = 0;
  int64_t extent_ = 0;  // of the first sample
  // The first row of each sample, then the number of rows; empty while all extents are equal.
  std::vector<int64_t> starts_;
  SpillableVector<float> values_;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_FLOAT_COLUMN_H_
