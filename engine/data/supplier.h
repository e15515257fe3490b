#ifndef KUR_ENGINE_DATA_SUPPLIER_H_
#define KUR_ENGINE_DATA_SUPPLIER_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/base/registry.h"
#include "engine/data/source.h"
#include "engine/kurfile/supplier_spec.h"

namespace kur {

// The running half of a kind of supplier: what opens the files that a spec names. Registered under
// the name of the kind.
struct SupplierOpener {
  // All sources of the supplier, of one length. Errors are diagnostics that stand at the key of the
  // Kurfile which named the file (see DiagnosticsOf()). Thread-safe.
  std::function<absl::StatusOr<SourceMap>(const SupplierSpec&, const PathResolver&)> open;
};

// The opener of the kind whose specs are of type Spec.
template <class Spec>
SupplierOpener MakeSupplierOpener(absl::StatusOr<SourceMap> (*open)(const Spec&,
                                                                    const PathResolver&)) {
  return {[open](const SupplierSpec& spec, const PathResolver& paths) {
    return open(static_cast<const Spec&>(spec), paths);
  }};
}

// Opens one supplier by its kind, and checks that its sources have one length.
absl::StatusOr<SourceMap> OpenSupplier(const SupplierSpec& spec, const PathResolver& paths);

// Opens the suppliers of one set of data and puts their sources together. Suppliers with a source
// of the same name are stacked: the samples of a later one follow those of an earlier one. An error
// if such suppliers differ in their sources' names or shapes, or if in the end the sources differ
// in length; it names both suppliers.
absl::StatusOr<SourceMap> OpenSuppliers(
    const std::vector<std::shared_ptr<const SupplierSpec>>& specs, const PathResolver& paths);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SUPPLIER_H_
