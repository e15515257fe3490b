// npy: the array of a NumPy NPY file, as one source.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/file_system.h"
#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"
#include "engine/data/columns/pickle_columns.h"
#include "engine/data/supplier.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/npy_reader.h"
#include "engine/kurfile/specs/package.h"
#include "engine/value/diagnostics.h"
#endif

namespace kur {
namespace {

struct NpySpec : SupplierSpec {
  FileReference source;
  std::optional<std::string> name;

  std::string kind() const override { return "npy"; }
  std::vector<FileReference> Files() const override { return {source}; }
  bool ReadsText() const override { return true; }

  std::string SourceName() const {
    const std::string file = BaseName(source.path);
    return name.value_or(file.substr(0, file.find('.')));
  }
};

const Fields<NpySpec>& NpyFields() {
  static const auto* const kFields = new Fields<NpySpec>(
      Fields<NpySpec>()
          .Required("source", &NpySpec::source, "the file that numpy.save() wrote, plain or gzip")
          .Example("images.npy")
          .Optional("name", &NpySpec::name,
                    "the name of its source; that of the file, up to the first dot, if left out")
          .Example("images")
          .Shorthand("source"));
  return *kFields;
}

const Registration<SupplierKind> kKind(
    "npy", MakeSupplierKind("One array in a NPY file of NumPy, whose name is that of the source",
                            "npy: {source: train-images.npy, name: images}", NpyFields()));

#ifdef KUR_RUNTIME

absl::StatusOr<SourceMap> ReadSource(const NpySpec& spec, const std::string& path,
                                     const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const auto input, ByteInput::OpenFile(path));
  KUR_RETURN_IF_ERROR(context.CheckWanted({spec.SourceName()}));
  KUR_ASSIGN_OR_RETURN(PickleValue value, ReadNpyValue(*input));
  KUR_ASSIGN_OR_RETURN(const int64_t size, FilesWithoutLinks().FileSize(path));
  return SourcesFromValues({{spec.SourceName(), std::move(value)}}, MostElements(size),
                           context.wanted);
}

absl::StatusOr<SourceMap> Open(const NpySpec& spec, const OpenContext& context) {
  const auto path = context.paths.ForReading(spec.source.path);
  if (!path.ok()) return ErrorAtFile(spec.source, path.status());
  auto sources = ReadSource(spec, *path, context);
  if (!DiagnosticsOf(sources.status()).empty()) return sources;
  if (!sources.ok()) return ErrorAtFile(spec.source, Annotate(sources.status(), *path), *path);
  return sources;
}

const Registration<SupplierOpener> kOpener("npy", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
