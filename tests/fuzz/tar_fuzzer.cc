#include <cstddef>
#include <cstdint>

#include "engine/formats/tar_reader.h"

// Seeds: tests/engine/data/fixtures/cifar.tar.gz
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  kur::TarLimits limits;
  limits.max_members = 100;
  limits.max_bytes = int64_t{1} << 22;
  const auto reader = kur::TarReader::FromMemory(input, "fuzz.tar", limits);
  if (!reader.ok()) return 0;
  while (true) {
    const auto member = (*reader)->Next();
    if (!member.ok() || !member->has_value()) return 0;
    const auto content = (*reader)->ReadContent();
    if (!content.ok()) return 0;
    if (content->size() > static_cast<size_t>(limits.max_bytes)) __builtin_trap();
  }
}
