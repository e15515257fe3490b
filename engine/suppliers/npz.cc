// npz: the arrays of a NumPy NPZ file. Each array is a source.

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include "engine/base/status.h"
#include "engine/data/array_source.h"
#include "engine/data/supplier.h"
#include "engine/formats/npy_reader.h"
#include "engine/kurfile/specs/package.h"
#endif

namespace kur {
namespace {

struct NpzSpec : SupplierSpec {
  FileReference source;

  std::string kind() const override { return "npz"; }
  std::vector<FileReference> Files() const override { return {source}; }
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

absl::StatusOr<SourceMap> Open(const NpzSpec& spec, const PathResolver& paths) {
  const auto path = paths.ForReading(spec.source.path);
  if (!path.ok()) return ErrorAtFile(spec.source, path.status());
  auto arrays = ReadNpz(*path);
  if (!arrays.ok()) return ErrorAtFile(spec.source, Annotate(arrays.status(), *path), *path);
  if (arrays->empty()) {
    return ErrorAtFile(spec.source, absl::InvalidArgumentError(*path + " holds no arrays"), *path);
  }
  auto sources = MakeArraySources(*std::move(arrays));
  if (!sources.ok()) return ErrorAtFile(spec.source, Annotate(sources.status(), *path), *path);
  return sources;
}

const Registration<SupplierOpener> kOpener("npz", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
