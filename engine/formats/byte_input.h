#ifndef KUR_ENGINE_FORMATS_BYTE_INPUT_H_
#define KUR_ENGINE_FORMATS_BYTE_INPUT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/array.h"

namespace kur {

// Bytes that are read once, from the front, by a parser of a file format. Not thread-safe.
class ByteInput {
 public:
  virtual ~ByteInput() = default;

  // A file, uncompressed on the way if it starts as gzip does. NOT_FOUND, PERMISSION_DENIED.
  static absl::StatusOr<std::unique_ptr<ByteInput>> OpenFile(const std::string& path);

  // Bytes in memory, which must outlive the input.
  static std::unique_ptr<ByteInput> FromMemory(absl::string_view data);

  // Up to `size` bytes to `to`; fewer only at the end. DATA_LOSS if the compression is damaged.
  virtual absl::StatusOr<int64_t> Read(void* to, int64_t size) = 0;

  // The next `size` bytes as they lie in the file, mapped into memory rather than copied: processes
  // that map the same file share them, and the kernel may drop them and read them again. No data,
  // and nothing taken, where that is not possible or not worth it: compressed or few bytes, a file
  // that ends before, a place in it that `alignment` does not divide. Should the file be cut short
  // later, looking at the bytes raises SIGBUS.
  virtual SharedBytes Map(int64_t /*size*/, int64_t /*alignment*/) { return {}; }

  // No more than so many bytes can come from here in all, by the size of what is read.
  virtual int64_t MaxBytes() const = 0;
};

// Reads `size` bytes without setting aside more than twice what is really there; fewer bytes only
// at the end of the input.
absl::StatusOr<Array::Bytes> ReadBytes(ByteInput& input, int64_t size);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_BYTE_INPUT_H_
