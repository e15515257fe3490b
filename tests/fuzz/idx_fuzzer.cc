#include <cstddef>
#include <cstdint>

#include "engine/formats/idx.h"

// Seeds: tests/engine/data/fixtures/*.idx
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const auto array = kur::ParseIdx(input, "fuzz.idx");
  // What was read is the whole input, so writing it gives the input again.
  if (array.ok() && *kur::FormatIdx(*array) != input) __builtin_trap();
  return 0;
}
