#include <cstddef>
#include <cstdint>

#include "engine/formats/byte_input.h"
#include "engine/formats/npy_reader.h"

// Seeds: tests/engine/data/fixtures/*.npy and a small zip of two arrays.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const auto array = kur::ReadNpy(*kur::ByteInput::FromMemory(input));
  // Its elements are in the input, so they cannot be more.
  if (array.ok() && array->byte_size() > static_cast<int64_t>(size)) __builtin_trap();
  kur::ReadNpyValue(*kur::ByteInput::FromMemory(input)).IgnoreError();
  kur::ReadNpyObject(*kur::ByteInput::FromMemory(input)).IgnoreError();
  kur::ParseNpz(input).IgnoreError();
  return 0;
}
