#ifndef KUR_ENGINE_DATA_DATA_VIEW_H_
#define KUR_ENGINE_DATA_DATA_VIEW_H_

#include "absl/status/statusor.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/supplier_view.h"

namespace kur {

// What a view needs of the supplier behind it. Precondition: the view has columns.
WantedColumns ColumnsWantedBy(const SupplierView& view);

// What the view makes of the supplier's sources. Errors are diagnostics at the keys of the view: a
// column that is not there, that cannot be converted, or a part without samples. Precondition: all
// sources have one length.
absl::StatusOr<SourceMap> ViewOf(const SupplierView& view, SourceMap sources);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_DATA_VIEW_H_
