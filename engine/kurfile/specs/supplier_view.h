#ifndef KUR_ENGINE_KURFILE_SPECS_SUPPLIER_VIEW_H_
#define KUR_ENGINE_KURFILE_SPECS_SUPPLIER_VIEW_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/schema/fields.h"
#include "engine/kurfile/specs/column_spec.h"
#include "engine/kurfile/specs/series_window.h"
#include "engine/kurfile/specs/split_spec.h"
#include "engine/kurfile/specs/supplier_spec.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// A supplier with the options `columns` and `split` of its entry: renames, selects or converts its
// sources, or takes a part of its samples. Immutable once parsed, thread-safe.
struct SupplierView : SupplierSpec {
  std::shared_ptr<const SupplierSpec> base;        // never null
  std::optional<std::vector<ColumnSpec>> columns;  // absent: all sources, unchanged
  std::optional<SplitSpec> split;                  // absent: all samples
  std::optional<SeriesWindow> window;              // absent: every row is a sample
  std::string section;                             // "train": the section whose part is taken
  Location split_location;
  std::string split_key;  // "train.data[0].split"

  std::string kind() const override { return base->kind(); }
  std::vector<FileReference> Files() const override { return base->Files(); }
  std::vector<const Package*> Packages() const override { return base->Packages(); }
  std::vector<FileReference> Outputs() const override { return base->Outputs(); }
  std::map<std::string, Shape> KnownShapes() const override;
  const SupplierView* view() const override { return this; }
};

// Returns the keys that an entry of `data` may have beside its kind.
KeyTable SupplierEntryKeys();
// Returns the names of the entry's keys that make a view.
std::vector<std::string> SupplierViewKeys();

// Applies the options in `keys` to `base`. Returns `base` unchanged if `keys` is empty, and null
// after an error. `key` is the path of the entry of `data`, and `section` the section whose part a
// split takes.
std::shared_ptr<const SupplierSpec> ParseSupplierView(std::shared_ptr<const SupplierSpec> base,
                                                      const Dict& keys, const std::string& key,
                                                      const std::string& section,
                                                      Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_SUPPLIER_VIEW_H_
