#ifndef KUR_ENGINE_DATA_DATA_VIEW_H_
#define KUR_ENGINE_DATA_DATA_VIEW_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/supplier_view.h"

namespace kur {

struct OpenContext;

// Returns the supplier's columns that the view reads for the run. Precondition: the view has
// columns.
WantedColumns ColumnsWantedBy(const SupplierView& view, const OpenContext& context);

// The samples of a supplier that the view's `split` gives to a section, ascending; null without a
// split. With a window they follow one another. A diagnostic if they are none.
using SampleIndices = std::shared_ptr<const std::vector<int64_t>>;
absl::StatusOr<SampleIndices> SplitSamples(const SupplierView& view, const std::string& section,
                                           int64_t size);

// Returns the supplier's sources as the columns of the view, put together but not encoded yet; all
// of them, if the view has no columns. A column whose sources are not there is left out. A
// diagnostic at a key of the view if a column cannot be put together.
absl::StatusOr<SourceMap> SelectColumns(const SupplierView& view, SourceMap sources);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_DATA_VIEW_H_
