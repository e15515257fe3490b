#ifndef KUR_ENGINE_KURFILE_SPECS_SUPPLIER_VIEW_H_
#define KUR_ENGINE_KURFILE_SPECS_SUPPLIER_VIEW_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/schema/fields.h"
#include "engine/kurfile/specs/column_spec.h"
#include "engine/kurfile/specs/split_spec.h"
#include "engine/kurfile/specs/supplier_spec.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// A supplier whose sources are renamed, selected, converted, or taken in part: what the keys
// `columns` and `split` of an entry of `data` say.
struct SupplierView : SupplierSpec {
  std::shared_ptr<const SupplierSpec> base;        // never null
  std::optional<std::vector<ColumnSpec>> columns;  // absent: all, as they are
  std::optional<SplitSpec> split;                  // absent: all samples
  std::string section;                             // "train": whose part is taken
  Location split_location;
  std::string split_key;  // "train.data[0].split"

  std::string kind() const override { return base->kind(); }
  std::vector<FileReference> Files() const override { return base->Files(); }
  std::vector<FileReference> Outputs() const override { return base->Outputs(); }
  std::map<std::string, Shape> KnownShapes() const override;
  const SupplierView* view() const override { return this; }
};

// What an entry of `data` may have beside its kind.
KeyTable SupplierEntryKeys();
// The names of those among them that make a view.
std::vector<std::string> SupplierViewKeys();

// The view that `keys`, entries of the entry at `key` of `data` in `section`, make of `base`;
// `base` itself if there are none. Null if anything was reported.
std::shared_ptr<const SupplierSpec> ParseSupplierView(std::shared_ptr<const SupplierSpec> base,
                                                      const Dict& keys, const std::string& key,
                                                      const std::string& section,
                                                      Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_SUPPLIER_VIEW_H_
