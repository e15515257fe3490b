#ifndef KUR_ENGINE_DATA_SUPPLIER_H_
#define KUR_ENGINE_DATA_SUPPLIER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/base/registry.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/supplier_spec.h"

namespace kur {

// What a supplier may use to open its data. Cheap to make, not to be kept.
struct OpenContext {
  // What needs nothing but its files is opened with their paths alone.
  OpenContext(const PathResolver& resolver) : paths(resolver) {}  // NOLINT

  const PathResolver& paths;
  // Of what is chosen at random: the Kurfile's seed, or else the same for every run, so that a set
  // which is taken in parts is always parted alike.
  uint64_t seed = 0;
  // Hears of data that is not as it should be, while opening and while gathering. May be kept.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
  // Writes a file that the supplier's Outputs() name, durably and in one step; empty in a run that
  // must not.
  std::function<absl::Status(const FileReference&, const std::string& content)> write;
  // What the Kurfile asks for; absent: all columns. Suppliers whose ReadsText() is true must read
  // texts as it says and may leave other columns out.
  std::optional<WantedColumns> wanted;
};

// The running half of a kind of supplier: what opens the files that a spec names. Registered under
// the name of the kind.
struct SupplierOpener {
  // All sources of the supplier, of one length. Errors are diagnostics that stand at the key of the
  // Kurfile which named the file (see DiagnosticsOf()). Thread-safe.
  std::function<absl::StatusOr<SourceMap>(const SupplierSpec&, const OpenContext&)> open;
};

// The opener of the kind whose specs are of type Spec.
template <class Spec>
SupplierOpener MakeSupplierOpener(absl::StatusOr<SourceMap> (*open)(const Spec&,
                                                                    const PathResolver&)) {
  return {[open](const SupplierSpec& spec, const OpenContext& context) {
    return open(static_cast<const Spec&>(spec), context.paths);
  }};
}
template <class Spec>
SupplierOpener MakeSupplierOpener(absl::StatusOr<SourceMap> (*open)(const Spec&,
                                                                    const OpenContext&)) {
  return {[open](const SupplierSpec& spec, const OpenContext& context) {
    return open(static_cast<const Spec&>(spec), context);
  }};
}

// Opens one supplier by its kind, checks that its sources have one length, and makes of them what
// the Kurfile says under `columns` and `split`.
absl::StatusOr<SourceMap> OpenSupplier(const SupplierSpec& spec, const OpenContext& context);

// Opens the suppliers of one set of data and puts their sources together. Suppliers with a source
// of the same name are stacked: the samples of a later one follow those of an earlier one. An error
// if such suppliers differ in their sources' names or shapes, or if in the end the sources differ
// in length, or those beside each other are split differently; it names both suppliers.
absl::StatusOr<SourceMap> OpenSuppliers(
    const std::vector<std::shared_ptr<const SupplierSpec>>& specs, const OpenContext& context);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SUPPLIER_H_
