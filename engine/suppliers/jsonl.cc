// jsonl: a JSON dictionary on every line. Each key is a source.

#include <string>
#include <vector>

#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include "engine/base/status.h"
#include "engine/data/columns/json_columns.h"
#include "engine/data/supplier.h"
#include "engine/formats/byte_input.h"
#include "engine/kurfile/specs/package.h"
#endif

namespace kur {
namespace {

struct JsonlSpec : SupplierSpec {
  FileReference source;

  std::string kind() const override { return "jsonl"; }
  std::vector<FileReference> Files() const override { return {source}; }
  bool ReadsText() const override { return true; }
};

const Fields<JsonlSpec>& JsonlFields() {
  static const auto* const kFields = new Fields<JsonlSpec>(
      Fields<JsonlSpec>()
          .Required("source", &JsonlSpec::source,
                    "the file with a JSON dictionary on every line, plain or gzip")
          .Example("train.jsonl")
          .Shorthand("source"));
  return *kFields;
}

const Registration<SupplierKind> kKind(
    "jsonl", MakeSupplierKind(
                 "Samples as JSON dictionaries, one a line, whose keys name the "
                 "sources: numbers, or lists of them whose length may vary; the key columns can "
                 "tell which texts stand for which class",
                 "jsonl: train.jsonl", JsonlFields()));

#ifdef KUR_RUNTIME

absl::StatusOr<SourceMap> ReadSources(const JsonlSpec& spec, const OpenContext& context,
                                      const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const auto input, ByteInput::OpenFile(path));
  return ReadJsonColumns(*input, spec.source.path, context.wanted, context.kept);
}

absl::StatusOr<SourceMap> Open(const JsonlSpec& spec, const OpenContext& context) {
  const auto path = context.paths.ForReading(spec.source.path);
  if (!path.ok()) return ErrorAtFile(spec.source, path.status());
  auto sources = ReadSources(spec, context, *path);
  if (!DiagnosticsOf(sources.status()).empty()) return sources;
  if (!sources.ok()) return ErrorAtFile(spec.source, sources.status(), *path);
  return sources;
}

const Registration<SupplierOpener> kOpener("jsonl", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
