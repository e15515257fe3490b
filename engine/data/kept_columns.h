#ifndef KUR_ENGINE_DATA_KEPT_COLUMNS_H_
#define KUR_ENGINE_DATA_KEPT_COLUMNS_H_

#include <string>

#include "engine/data/columns/wanted_columns.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/column_spec.h"
#include "engine/kurfile/specs/supplier_spec.h"

namespace kur {

struct OpenContext;

// Returns the column of a supplier's `columns` with this name; null: there is none.
const ColumnSpec* FindColumn(const SupplierSpec& spec, const std::string& name);

// Returns the columns of a supplier whose texts are needed: for `tokens`, to tell series apart, and
// those that the run keeps. The context is that of the supplier, but for the columns themselves.
KeptColumns KeptIn(const SupplierSpec& spec, const OpenContext& context);

// Returns the sources of columns that the run keeps, under names of their own, and takes those that
// are used for nothing else away from the others.
SourceMap TakeKept(const SupplierSpec& spec, const OpenContext& context, SourceMap* sources);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_KEPT_COLUMNS_H_
