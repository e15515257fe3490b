#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "engine/data/columns/json_columns.h"
#include "engine/data/columns/text_columns.h"
#include "engine/formats/line_reader.h"
#include "nlohmann/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const auto sources = kur::ReadJsonColumns(*kur::ByteInput::FromMemory(input), "fuzz");
  if (sources.ok()) {
    // What the fast parser takes is JSON to the other one.
    const auto text = kur::ByteInput::FromMemory(input);
    kur::LineReader lines(text.get());
    for (auto line = lines.Next(); line.ok() && line->has_value(); line = lines.Next()) {
      if (absl::StripAsciiWhitespace(**line).empty()) continue;
      if (!nlohmann::json::accept((*line)->begin(), (*line)->end())) __builtin_trap();
    }
    // Every sample can be gathered at its own length.
    for (const auto& [name, source] : *sources) {
      const kur::Shape row(source->shape().begin() + 1, source->shape().end());
      for (int64_t i = 0; i < source->size(); ++i) {
        const int64_t extent = source->Extent(&i, 1);
        std::vector<float> sample(static_cast<size_t>(extent * kur::NumElements(row)));
        if (!source->Gather(&i, 1, extent, sample.data()).ok()) __builtin_trap();
      }
    }
  }
  // A part of the keys is wanted, one as text.
  kur::WantedColumns wanted;
  wanted.columns["x"];
  wanted.columns["t"].texts = {"a", "b", "1"};
  kur::ReadJsonColumns(*kur::ByteInput::FromMemory(input), "fuzz", wanted).status().IgnoreError();
  kur::TextColumnOptions column;
  column.key = "x";
  column.length = 4;
  column.vocabulary = {"a", "b"};
  kur::ReadTextColumns(*kur::ByteInput::FromMemory(input), "fuzz", {column}).IgnoreError();
  return 0;
}
