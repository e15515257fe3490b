#ifndef KUR_ENGINE_DATA_SUPPLIER_H_
#define KUR_ENGINE_DATA_SUPPLIER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/base/registry.h"
#include "engine/data/classified_files.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/encoding.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/supplier_spec.h"

namespace kur {

// Returns the name of the source of a column that is kept as texts and not used otherwise: it must
// not pass for an input or a truth that the model knows by the same name.
inline std::string KeptSourceName(const std::string& column) { return "keep: " + column; }

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
  // Says what was made out of the data that is not as usual, so that a person can see that it is
  // right. As `warn`.
  std::function<void(const std::string&)> tell = [](const std::string&) {};
  // Writes a file that the supplier's Outputs() name, durably and atomically. Empty in a run that
  // must not write.
  std::function<absl::Status(const FileReference&, const std::string& content)> write;
  // The columns that the Kurfile uses; absent: all columns. A supplier whose ReadsText() is true
  // must convert their texts to class numbers, and may leave other columns out.
  std::optional<WantedColumns> wanted;
  // What is known of how data becomes numbers for the model, and is learnt from data that it is
  // trained with.
  std::shared_ptr<ModelEncodings> model = std::make_shared<ModelEncodings>();
  // The sources that the run reads, by the names that the model knows; absent: all.
  std::optional<std::set<std::string>> read;
  // Whether sources that it does not read may be missing, such as the truth in an evaluation.
  bool may_lack_others = false;
  // The sources whose values the run keeps as texts, by the names that the model knows, or else by
  // those of a supplier's columns, which become sources of the name KeptSourceName().
  std::set<std::string> keep;
  // Those of the supplier that is being opened; one that reads no text need not look at it.
  KeptColumns kept;
  // The names that the Kurfile gives to sources of the supplier, by the supplier's own.
  std::map<std::string, std::string> names;

  // Returns the name under which the model knows a source of the supplier.
  std::string NameOf(const std::string& source) const {
    const auto renamed = names.find(source);
    return renamed == names.end() ? source : renamed->second;
  }
  // Whether the run reads a source, by the name that the model knows.
  bool Reads(const std::string& source) const { return !read || read->count(source) > 0; }
  // Returns what a reader of several arrays asks whether to read one; it adds all names to `names`,
  // which must outlive it.
  std::function<bool(const std::string&)> Selector(std::vector<std::string>* names) const;
  // Returns a diagnostic at its place in the Kurfile for a column that the data, which has `names`,
  // lacks.
  absl::Status CheckWanted(const std::vector<std::string>& names) const;
  // What a supplier that names the classes of its files `source` may take for them.
  ListedClasses ClassesFor(const std::string& source, const std::vector<std::string>& listed) const;
  // Whether `classes`, found for `source`, are just the name of a folder around files whose classes
  // nobody knows and the run does not need.
  bool IsNoClass(const std::string& source, const std::vector<std::string>& classes) const;
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

// Opens one supplier by its kind, checks that its sources have one length, applies the Kurfile's
// `columns` and `split`, and encodes the sources for the model.
absl::StatusOr<SourceMap> OpenSupplier(const SupplierSpec& spec, const OpenContext& context);

// Opens the suppliers of one data set and merges their sources. Suppliers that share a source name
// are concatenated: the samples of a later supplier follow those of an earlier one, and both teach
// the model. Returns an error that names both suppliers if
// - concatenated suppliers differ in the names or shapes of their sources;
// - the merged sources differ in length;
// - suppliers beside each other are split differently.
absl::StatusOr<SourceMap> OpenSuppliers(
    const std::vector<std::shared_ptr<const SupplierSpec>>& specs, const OpenContext& context);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SUPPLIER_H_
