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

// Sources that are made of others, when they are gathered. Where samples are ragged, zeros still
// follow one that is shorter than others of its batch.

// Puts the samples of several sources together along their last axis. INVALID_ARGUMENT if they
// differ in their rank or in another axis, or if that axis is ragged; so says Gather() of ragged
// samples that differ in length. Precondition: there is a source; all have as many samples.
absl::StatusOr<std::shared_ptr<const Source>> CombineColumns(
    std::vector<std::shared_ptr<const Source>> parts);

// One-hot vectors of what `labels` holds; OneHotShape() tells their shape. All labels are looked at
// once. INVALID_ARGUMENT for one that is no class, with its sample.
absl::StatusOr<std::shared_ptr<const Source>> EncodeOneHot(std::shared_ptr<const Source> labels,
                                                           const ClassList& classes);

// The samples moved and scaled as the Kurfile says. Statistics are those of the samples at
// `training`, in that order, which are read once; a position of the last axis that never varies is
// moved but not scaled. Where the last axis is ragged, all its positions count as one.
// INVALID_ARGUMENT if the numbers given are neither one nor as many as the last axis is long, or if
// there are no finite statistics. Precondition: `training` is not empty if statistics are asked
// for.
absl::StatusOr<std::shared_ptr<const Source>> NormalizeColumn(std::shared_ptr<const Source> values,
                                                              const ColumnScaling& scaling,
                                                              const std::vector<int64_t>& training);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_COLUMN_SOURCE_H_
