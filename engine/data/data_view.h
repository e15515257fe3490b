#ifndef KUR_ENGINE_DATA_DATA_VIEW_H_
#define KUR_ENGINE_DATA_DATA_VIEW_H_

#include "absl/status/statusor.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/supplier_view.h"

namespace kur {

// Returns the supplier's columns that the view reads. Precondition: the view has columns.
WantedColumns ColumnsWantedBy(const SupplierView& view);

// Converts the supplier's sources as the view's `columns` say and selects the samples of its
// `split`. Returns a diagnostic at a key of the view if a column is missing or cannot be converted,
// or if the split selects no samples. Precondition: all sources have one length.
absl::StatusOr<SourceMap> ApplyView(const SupplierView& view, SourceMap sources);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_DATA_VIEW_H_
