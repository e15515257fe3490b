// Any bytes as a table of files and their classes, and as a vocabulary.

#include <set>

#include "engine/data/classified_files.h"
#include "engine/data/columns/transcript_column.h"
#include "engine/data/encoding.h"
#include "tests/fuzz/fuzzing.h"

namespace {

using kur::fuzz::Require;

void RequireWellFormed(const absl::StatusOr<kur::ClassifiedFiles>& table) {
  if (!table.ok()) return kur::fuzz::RequireRefusal(table.status());
  const bool has_classes = !table->classes.empty();
  Require(!table->files.empty() || has_classes);
  Require(table->labels.size() == (has_classes ? table->files.size() : 0));
  const std::set<std::string> distinct(table->classes.begin(), table->classes.end());
  Require(distinct.size() == table->classes.size());
  // Every class has a file, every file a class.
  std::set<int64_t> used;
  for (const int64_t label : table->labels) {
    Require(label >= 0 && label < static_cast<int64_t>(table->classes.size()));
    used.insert(label);
  }
  Require(used.size() == table->classes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input = kur::fuzz::Text(data, size);
  for (const bool is_json : {false, true}) {
    kur::FileTableOptions options;
    options.is_json = is_json;
    options.label_required = size % 2 == 0;
    for (const std::vector<std::string>& classes : {std::vector<std::string>(), {"cat", "1"}}) {
      RequireWellFormed(
          kur::ReadFileTable(*kur::ByteInput::FromMemory(input), "fuzz", options, {classes}));
    }
  }
  const auto encodings = kur::ParseEncodings(input);
  if (encodings.ok()) {
    const auto text = kur::FormatEncodings(*encodings);
    Require(text.ok() && kur::ParseEncodings(*text).ok());
  }
  const auto vocabulary = kur::Vocabulary::FromJson(std::string(input), "fuzz");
  if (!vocabulary.ok()) {
    kur::fuzz::RequireRefusal(vocabulary.status());
    return 0;
  }
  for (int32_t i = 0; i < vocabulary->size(); ++i) {
    Require(vocabulary->Find(vocabulary->elements()[static_cast<size_t>(i)]) == i);
  }
  return 0;
}
