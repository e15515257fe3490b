#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/data/columns/pickle_columns.h"
#include "engine/formats/pickle/pickle_reader.h"
#include "engine/formats/pickle/pickle_writer.h"

// Seeds: tests/engine/data/fixtures/*.pkl
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  kur::PickleLimits limits;
  limits.max_objects = 100'000;
  limits.max_depth = 20;
  const auto value = kur::ParsePickle(input, "fuzz.pkl", limits);
  if (!value.ok()) return 0;
  kur::SourcesFromPickle(*value, static_cast<int64_t>(size), std::nullopt).status().IgnoreError();
  // Written out, parts that are shared come once for every use: only small values are.
  if (size > 512) return 0;
  size_t written = 0;
  kur::WritePickle(*value, [&written](absl::string_view piece) {
    written += piece.size();
    return written < (size_t{1} << 20) ? absl::OkStatus() : absl::AbortedError("large");
  }).IgnoreError();
  return 0;
}
