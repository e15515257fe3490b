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

// What a supplier may use to open its data. Cheap to make. The supplier must not keep it, as it
// refers to the caller's PathResolver.
struct OpenContext {
  // Implicit, so that a supplier that reads nothing but files can be opened with a resolver alone.
  OpenContext(const PathResolver& resolver) : paths(resolver) {}  // NOLINT

  const PathResolver& paths;
  // The seed of random choices: that of the Kurfile, otherwise a constant. A data set that is split
  // at random is therefore split alike in every run.
  uint64_t seed = 0;
  // Reports faulty data, while opening and while gathering. May be kept. Called by any thread.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
  // Writes a file that the supplier's Outputs() name, durably and atomically. Empty in a run that
  // must not write.
  std::function<absl::Status(const FileReference&, const std::string& content)> write;
  // The columns that the Kurfile uses; absent: all columns. A supplier whose ReadsText() is true
  // must convert their texts to class numbers, and may leave other columns out.
  std::optional<WantedColumns> wanted;
};

// Opens the files that the spec of a kind of supplier names. Registered under the kind's name.
struct SupplierOpener {
  // Returns all sources of the supplier; the sources have one length. An error is a diagnostic at
  // the key of the Kurfile that named the file (see DiagnosticsOf()). Thread-safe.
  std::function<absl::StatusOr<SourceMap>(const SupplierSpec&, const OpenContext&)> open;
};

// Returns the opener of the kind whose specs are of type Spec.
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

// Opens one supplier by its kind, checks that its sources have one length, and applies the
// Kurfile's `columns` and `split`.
absl::StatusOr<SourceMap> OpenSupplier(const SupplierSpec& spec, const OpenContext& context);

// Opens the suppliers of one data set and merges their sources. Suppliers that share a source name
// are concatenated: the samples of a later supplier follow those of an earlier one. Returns an
// error that names both suppliers if
// - concatenated suppliers differ in the names or shapes of their sources;
// - the merged sources differ in length;
// - suppliers beside each other are split differently.
absl::StatusOr<SourceMap> OpenSuppliers(
    const std::vector<std::shared_ptr<const SupplierSpec>>& specs, const OpenContext& context);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SUPPLIER_H_
