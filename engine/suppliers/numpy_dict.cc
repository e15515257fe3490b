// numpy_dict: a Python dictionary of arrays that numpy.save() wrote. Each key is a source.

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
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

struct NumpyDictSpec : SupplierSpec {
  FileReference source;

  std::string kind() const override { return "numpy_dict"; }
  std::vector<FileReference> Files() const override { return {source}; }
  bool ReadsText() const override { return true; }
};

const Fields<NumpyDictSpec>& NumpyDictFields() {
  static const auto* const kFields = new Fields<NumpyDictSpec>(
      Fields<NumpyDictSpec>()
          .Required("source", &NumpyDictSpec::source, "the file that numpy.save() wrote")
          .Example("train.npy")
          .Shorthand("source"));
  return *kFields;
}

const Registration<SupplierKind> kKind(
    "numpy_dict",
    MakeSupplierKind("Arrays in a dictionary that numpy.save() wrote, each under the name of its "
                     "source",
                     "numpy_dict: train.npy", NumpyDictFields()));

#ifdef KUR_RUNTIME

absl::StatusOr<SourceMap> ReadSources(const std::string& path, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const auto input, ByteInput::OpenFile(path));
  KUR_ASSIGN_OR_RETURN(const PickleValue dict, ReadNpyObject(*input));
  return SourcesFromPickle(dict, input->MaxBytes(), context.wanted);
}

absl::StatusOr<SourceMap> Open(const NumpyDictSpec& spec, const OpenContext& context) {
  const auto path = context.paths.ForReading(spec.source.path);
  if (!path.ok()) return ErrorAtFile(spec.source, path.status());
  auto sources = ReadSources(*path, context);
  if (!DiagnosticsOf(sources.status()).empty()) return sources;
  if (!sources.ok()) return ErrorAtFile(spec.source, Annotate(sources.status(), *path), *path);
  return sources;
}

const Registration<SupplierOpener> kOpener("numpy_dict", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
