#ifndef KUR_ENGINE_DATA_COLUMNS_COLUMN_SOURCE_H_
#define KUR_ENGINE_DATA_COLUMNS_COLUMN_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/column_spec.h"

namespace kur {

// Sources that are computed from other sources while they are gathered. Zeros follow a ragged
// sample that is shorter than others of its batch.

// Returns a source that concatenates the samples of several sources along their last axis. Returns
// INVALID_ARGUMENT if the sources differ in rank or in another axis, or if the last axis is ragged.
// Gather() returns INVALID_ARGUMENT for ragged samples that differ in length. Preconditions: there
// is a source; all sources have as many samples.
absl::StatusOr<std::shared_ptr<const Source>> CombineColumns(
    std::vector<std::shared_ptr<const Source>> parts);

// Returns a source of one-hot vectors of the shape OneHotShape(). Reads all labels once. Returns
// INVALID_ARGUMENT, naming the sample, for a label that is not in `classes`.
absl::StatusOr<std::shared_ptr<const Source>> EncodeOneHot(std::shared_ptr<const Source> labels,
                                                           const ClassList& classes);

// Returns a source of shifted and scaled samples. `scaling` gives the numbers, or asks for
// statistics of each position of the last axis. Statistics are learned by reading the samples at
// `training` once, in that order. A position that never varies is shifted but not scaled. All
// positions of a ragged last axis share their statistics.
//
// Returns INVALID_ARGUMENT if the number of given values is neither one nor the extent of the last
// axis, or if a training sample is not finite. Precondition: `training` is not empty if `scaling`
// asks for statistics.
absl::StatusOr<std::shared_ptr<const Source>> NormalizeColumn(std::shared_ptr<const Source> values,
                                                              const ColumnScaling& scaling,
                                                              const std::vector<int64_t>& training);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_COLUMN_SOURCE_H_
