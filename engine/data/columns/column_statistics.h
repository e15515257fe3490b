#ifndef KUR_ENGINE_DATA_COLUMNS_COLUMN_STATISTICS_H_
#define KUR_ENGINE_DATA_COLUMNS_COLUMN_STATISTICS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/column_spec.h"

namespace kur {

// Samples that something is learnt from.
struct TrainingSamples {
  std::shared_ptr<const Source> values;
  std::vector<int64_t> samples;
};

// Returns the value that `missing`, a kind that is learnt, puts for gaps (NaN), for each position
// of the last axis, from all of `training`; of values that are as frequent the least.
// INVALID_ARGUMENT for a position that has no values. Precondition: `training` has samples.
absl::StatusOr<std::vector<double>> LearnFilling(GapSpec::Kind missing,
                                                 const std::vector<TrainingSamples>& training);

// Returns a source with numbers for gaps: one for each position of the last axis, or one for all.
// INVALID_ARGUMENT for another number of them.
absl::StatusOr<std::shared_ptr<const Source>> FillGaps(std::shared_ptr<const Source> values,
                                                       const std::vector<double>& filling);

// How values are shifted and scaled, value * scale + offset: one number for each position of the
// last axis, or one for all of them.
struct Scaling {
  std::vector<double> scale;
  std::vector<double> offset;
};

// Learns a scaling from all of `training`, for each position of the last axis. A position that
// never varies is shifted but not scaled. All positions of a ragged last axis share their
// statistics. INVALID_ARGUMENT, naming the sample, for one that is not finite. Preconditions: there
// are samples; `kind` is not kGiven.
absl::StatusOr<Scaling> LearnScaling(ColumnScaling::Kind kind,
                                     const std::vector<TrainingSamples>& training);

// Returns a source of shifted and scaled samples. INVALID_ARGUMENT if the number of given values is
// neither one nor the extent of the last axis.
absl::StatusOr<std::shared_ptr<const Source>> ScaleColumn(std::shared_ptr<const Source> values,
                                                          const Scaling& scaling);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_COLUMN_STATISTICS_H_
