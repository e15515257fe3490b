// npz: the arrays of a NumPy NPZ file. Each array is a source.

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"
#include "engine/data/columns/pickle_columns.h"
#include "engine/data/supplier.h"
#include "engine/formats/npy_reader.h"
#include "engine/kurfile/specs/package.h"
#include "engine/value/diagnostics.h"
#endif

namespace kur {
namespace {

struct NpzSpec : SupplierSpec {
  FileReference source;

  std::string kind() const override { return "npz"; }
  std::vector<FileReference> Files() const override { return {source}; }
  bool ReadsText() const override { return true; }
};

const Fields<NpzSpec>& NpzFields() {
  static const auto* const kFields = new Fields<NpzSpec>(
      Fields<NpzSpec>()
          .Required("source", &NpzSpec::source, "the file that numpy.savez() wrote")
          .Example("train.npz")
          .Shorthand("source"));
  return *kFields;
}

const Registration<SupplierKind> kKind(
    "npz", MakeSupplierKind("Arrays in a NPZ file of NumPy, each under the name of its source",
                            "npz: train.npz", NpzFields()));

#ifdef KUR_RUNTIME

absl::StatusOr<SourceMap> ReadSources(const std::string& path, const OpenContext& context) {
  std::vector<std::string> names;
  KUR_ASSIGN_OR_RETURN(const auto arrays, ReadNpz(path, context.Selector(&names)));
  if (names.empty()) return absl::InvalidArgumentError("holds no arrays");
  KUR_RETURN_IF_ERROR(context.CheckWanted(names));
  KUR_ASSIGN_OR_RETURN(const int64_t size, FilesWithoutLinks().FileSize(path));
  return SourcesFromValues(arrays, MostElements(size), context.wanted);
}

absl::StatusOr<SourceMap> Open(const NpzSpec& spec, const OpenContext& context) {
  const auto path = context.paths.ForReading(spec.source.path);
  if (!path.ok()) return ErrorAtFile(spec.source, path.status());
  auto sources = ReadSources(*path, context);
  if (!DiagnosticsOf(sources.status()).empty()) return sources;
  if (!sources.ok()) return ErrorAtFile(spec.source, Annotate(sources.status(), *path), *path);
  return sources;
}

const Registration<SupplierOpener> kOpener("npz", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
