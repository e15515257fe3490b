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

// Returns a source that concatenates the samples of several sources along their last axis. If the
// values of some stand for texts, they are numbered anew, so that one text has one number. Returns
// INVALID_ARGUMENT if the sources differ in rank or in another axis, or if the last axis is ragged.
// Gather() returns INVALID_ARGUMENT for ragged samples that differ in length. Preconditions: there
// is a source; all sources have as many samples.
absl::StatusOr<std::shared_ptr<const Source>> CombineColumns(
    std::vector<std::shared_ptr<const Source>> parts);

// Returns a source of one-hot vectors of the shape OneHotShape(). Reads all labels once. Returns
// INVALID_ARGUMENT, naming the sample, for a label that is not in `classes`.
absl::StatusOr<std::shared_ptr<const Source>> EncodeOneHot(std::shared_ptr<const Source> labels,
                                                           const ClassList& classes);

// Returns the numbers of the classes that the values of `labels` are, with their names: `labels` if
// it has symbols, otherwise all different numbers, in their order. Gaps (NaN) stay where there may
// be some. Reads all labels once. INVALID_ARGUMENT for another label that is not finite, and for
// too many different ones.
absl::StatusOr<std::shared_ptr<const Source>> NumberClasses(std::shared_ptr<const Source> labels,
                                                            bool may_have_gaps);

// Returns a source whose samples have another shape, in which their values keep their order.
// INVALID_ARGUMENT for ragged samples, and for a shape of another number of values.
absl::StatusOr<std::shared_ptr<const Source>> ReshapeColumn(std::shared_ptr<const Source> source,
                                                            const Shape& shape);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_COLUMN_SOURCE_H_
