#ifndef KUR_ENGINE_DATA_SERIES_WINDOWS_H_
#define KUR_ENGINE_DATA_SERIES_WINDOWS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/data_view.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/supplier_view.h"

namespace kur {

struct OpenContext;

// The rows of a supplier, of which a view makes windows.
struct SeriesRows {
  int64_t count = 0;
  std::vector<int64_t> series;  // the number of the series of each row; empty: all are one
  SampleIndices of_section;     // those that a split gives to the section; null: all
};

// Returns the number of the series of each row, and takes its column away from the sources if it is
// used for nothing else; empty if all rows are one series. A diagnostic if there is no such column.
absl::StatusOr<std::vector<int64_t>> TakeSeries(const SupplierView& view,
                                                const OpenContext& context, SourceMap* sources);

// Returns where windows begin among the rows of the section; null if the view makes none. Tells of
// series that are too short. A diagnostic if all are, or if a target is missing that the run reads.
absl::StatusOr<SampleIndices> FindWindows(const SupplierView& view, const SeriesRows& rows,
                                          const SourceMap& sources, const OpenContext& context);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SERIES_WINDOWS_H_
