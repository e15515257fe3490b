// Lines of any bytes as overrides of a Kurfile with an include, one after the other.

#include <algorithm>
#include <string>

#include "engine/kurfile/yaml/loader.h"
#include "engine/kurfile/yaml/merge.h"
#include "engine/kurfile/yaml/yaml.h"
#include "engine/value/diagnostics.h"
#include "tests/fuzz/fuzzing.h"

namespace {

constexpr char kKurfile[] = R"(
include: base.yml
settings: {a: 1, s: "{{ a }}"}
train: {data: [{mnist: {images: a.gz}}, {csv: c.csv}], epochs: 3}
)";
constexpr char kBase[] = R"(
settings: {b: [1, [2, 3]]}
model: [{input: {shape: [2]}, name: x}, {dense: 10}]
)";

kur::Value Load() {
  const kur::MemorySourceTree sources({{"k.yml", kKurfile}, {"base.yml", kBase}});
  return kur::Loader("", sources).Load("k.yml").value();
}

int DepthOf(const kur::Value& value) {
  int deepest = 0;
  if (value.is_list()) {
    for (const kur::Value& element : value.as_list()) deepest = std::max(deepest, DepthOf(element));
    return deepest + 1;
  }
  if (!value.is_dict()) return 0;
  for (const auto& [key, element] : value.as_dict()) deepest = std::max(deepest, DepthOf(element));
  return deepest + 1;
}

// The text of a value with the locations left out: NaN equals nothing, itself included.
std::string TextOf(const absl::StatusOr<kur::Value>& value) { return kur::ToJson(value.value()); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using kur::fuzz::Require;
  static const kur::Value* const kOriginal = new kur::Value(Load());
  kur::Value kurfile = *kOriginal;
  for (const absl::string_view line : absl::StrSplit(kur::fuzz::Text(data, size), '\n')) {
    const std::string override_text(line);
    const auto changed = kur::ApplyOverride(kurfile, override_text);
    if (!changed.ok()) {
      kur::fuzz::RequireSendableRefusal(changed.status());
      Require(!kur::DiagnosticsOf(changed.status()).empty());
      continue;
    }
    Require(changed->is_dict() && DepthOf(*changed) <= kur::YamlLimits().depth);
    Require(TextOf(kur::ApplyOverride(*changed, override_text)) == TextOf(changed));
    for (const auto strategy : {kur::MergeStrategy::kBlend, kur::MergeStrategy::kMerge}) {
      Require(TextOf(kur::MergeValues(*changed, *changed, strategy)) == TextOf(changed));
    }
    kurfile = *changed;
  }
  return 0;
}
