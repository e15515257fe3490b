#include <cstddef>
#include <cstdint>

#include "engine/formats/safetensors_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  auto arrays = kur::ReadSafetensors(*kur::ByteInput::FromMemory(input));
  if (!arrays.ok()) return 0;
  // No more than twice the bytes that are there, as bfloat16 is widened; all of them can be read.
  int64_t bytes = 0;
  for (const auto& [name, array] : *arrays) {
    bytes += array.byte_size();
    if (array.count() > 0) static_cast<void>(array.At(array.count() - 1));
  }
  if (bytes > 2 * static_cast<int64_t>(size)) __builtin_trap();
  return 0;
}
