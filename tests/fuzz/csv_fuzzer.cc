#include <cstddef>
#include <cstdint>

#include "engine/data/columns/csv_columns.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  for (const bool header : {true, false}) {
    kur::CsvOptions options;
    options.header = header;
    const auto sources = kur::ReadCsvColumns(*kur::ByteInput::FromMemory(input), "fuzz", options);
    if (!sources.ok()) continue;
    // All columns are of one length, and their last sample is there.
    for (const auto& [name, source] : *sources) {
      const int64_t last = source->size() - 1;
      float value = 0;
      if (source->size() != sources->begin()->second->size()) __builtin_trap();
      if (!source->Gather(&last, 1, 1, &value).ok()) __builtin_trap();
    }
  }
  return 0;
}
