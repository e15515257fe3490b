// safetensors: the tensors of a safetensors file. Each tensor is a source.

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/array_source.h"
#include "engine/data/supplier.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/safetensors_reader.h"
#include "engine/kurfile/specs/package.h"
#include "engine/value/diagnostics.h"
#endif

namespace kur {
namespace {

struct SafetensorsSpec : SupplierSpec {
  FileReference source;

  std::string kind() const override { return "safetensors"; }
  std::vector<FileReference> Files() const override { return {source}; }
};

const Fields<SafetensorsSpec>& SafetensorsFields() {
  static const auto* const kFields = new Fields<SafetensorsSpec>(
      Fields<SafetensorsSpec>()
          .Required("source", &SafetensorsSpec::source,
                    "the file, plain or gzip; the first axis of every tensor counts the samples")
          .Example("train.safetensors")
          .Shorthand("source"));
  return *kFields;
}

const Registration<SupplierKind> kKind(
    "safetensors",
    MakeSupplierKind("Tensors in a safetensors file, each under the name of its source",
                     "safetensors: train.safetensors", SafetensorsFields()));

#ifdef KUR_RUNTIME

absl::StatusOr<SourceMap> ReadSources(const std::string& path, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const auto input, ByteInput::OpenFile(path));
  std::vector<std::string> names;
  KUR_ASSIGN_OR_RETURN(auto arrays, ReadSafetensors(*input, context.Selector(&names)));
  if (names.empty()) return absl::InvalidArgumentError("holds no tensors");
  KUR_RETURN_IF_ERROR(context.CheckWanted(names));
  SourceMap sources;
  for (auto& [name, array] : arrays) {
    auto source = ArraySource::Create(std::move(array));
    if (!source.ok()) return Annotate(source.status(), absl::StrCat("key '", name, "'"));
    sources[name] = *std::move(source);
  }
  return sources;
}

absl::StatusOr<SourceMap> Open(const SafetensorsSpec& spec, const OpenContext& context) {
  const auto path = context.paths.ForReading(spec.source.path);
  if (!path.ok()) return ErrorAtFile(spec.source, path.status());
  auto sources = ReadSources(*path, context);
  if (!DiagnosticsOf(sources.status()).empty()) return sources;
  if (!sources.ok()) return ErrorAtFile(spec.source, Annotate(sources.status(), *path), *path);
  return sources;
}

const Registration<SupplierOpener> kOpener("safetensors", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
