#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"
#include "engine/data/columns/pickle_columns.h"
#include "engine/data/supplier.h"
#include "engine/formats/pickle/pickle_reader.h"
#include "engine/kurfile/specs/package.h"
#include "engine/value/diagnostics.h"
#endif

namespace kur {
namespace {

// A Python pickle of a dictionary. Each key is a source; its value holds the samples along the
// first axis.
struct PickleSpec : SupplierSpec {
  FileReference source;

  std::string kind() const override { return "pickle"; }
  std::vector<FileReference> Files() const override { return {source}; }
  bool ReadsText() const override { return true; }
};

const Fields<PickleSpec>& PickleFields() {
  static const auto* fields = new Fields<PickleSpec>(
      Fields<PickleSpec>()
          .Required("source", &PickleSpec::source, "the file with the pickle")
          .Example("train.pkl")
          .Shorthand("source"));
  return *fields;
}

const Registration<SupplierKind> kKind(
    "pickle",
    MakeSupplierKind("Arrays in a Python pickle of a dictionary, each under the name of its "
                     "source",
                     "pickle: data.pkl", PickleFields()));

#ifdef KUR_RUNTIME

absl::StatusOr<SourceMap> ReadSources(const std::string& path, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const int64_t file_size, FilesWithoutLinks().FileSize(path));
  KUR_ASSIGN_OR_RETURN(const PickleValue pickle, ReadPickle(path));
  auto sources = SourcesFromPickle(pickle, file_size, context.wanted);
  if (sources.ok() || !DiagnosticsOf(sources.status()).empty()) return sources;
  return Annotate(sources.status(), path);
}

absl::StatusOr<SourceMap> Open(const PickleSpec& spec, const OpenContext& context) {
  const auto path = context.paths.ForReading(spec.source.path);
  if (!path.ok()) return ErrorAtFile(spec.source, path.status());
  auto sources = ReadSources(*path, context);
  if (!DiagnosticsOf(sources.status()).empty()) return sources;
  if (!sources.ok()) return ErrorAtFile(spec.source, sources.status(), *path);
  return sources;
}

const Registration<SupplierOpener> kOpener("pickle", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
