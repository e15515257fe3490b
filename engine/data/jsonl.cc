// jsonl: one JSON dictionary a line. This version reads and plans such Kurfiles but cannot run
// them.

#include <string>
#include <vector>

#include "engine/kurfile/supplier_spec.h"

namespace kur {
namespace {

struct JsonlSpec : SupplierSpec {
  FileReference source;

  std::string kind() const override { return "jsonl"; }
  bool IsRunnable() const override { return false; }
  std::vector<FileReference> Files() const override { return {source}; }
};

const Fields<JsonlSpec>& JsonlFields() {
  static const auto* const kFields = new Fields<JsonlSpec>(
      Fields<JsonlSpec>()
          .Required("source", &JsonlSpec::source, "the file with a JSON dictionary on every line")
          .Example("train.jsonl")
          .Shorthand("source"));
  return *kFields;
}

const Registration<SupplierKind> kKind(
    "jsonl", MakeSupplierKind("Samples as JSON dictionaries, one a line, whose keys name the "
                              "sources (this version plans with it, but cannot run it)",
                              "jsonl: train.jsonl", JsonlFields()));

}  // namespace
}  // namespace kur
