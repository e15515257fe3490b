#ifndef KUR_ENGINE_FORMATS_BYTE_INPUT_H_
#define KUR_ENGINE_FORMATS_BYTE_INPUT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/array.h"

namespace kur {

// A stream of bytes for the parser of a file format, read once from front to back. Not thread-safe.
class ByteInput {
 public:
  virtual ~ByteInput() = default;

  // Opens a file, and decompresses it if it starts as gzip does. NOT_FOUND, PERMISSION_DENIED.
  static absl::StatusOr<std::unique_ptr<ByteInput>> OpenFile(const std::string& path);

  // Reads from `data`, which must outlive the input.
  static std::unique_ptr<ByteInput> FromMemory(absl::string_view data);

  // Reads up to `size` bytes into `to` and returns their number, which is smaller than `size` only
  // at the end. DATA_LOSS if compressed data is damaged.
  virtual absl::StatusOr<int64_t> Read(void* to, int64_t size) = 0;

  // Maps the next `size` bytes of the file into memory instead of copying them, and moves past
  // them. Processes that map the same file share the memory, and the kernel may drop and re-read
  // pages. Returns no data, and does not move, if that is impossible or not worthwhile: the file is
  // compressed, `size` is small, the file is too short, or its position is not a multiple of
  // `alignment`. If the file is truncated later, access to the bytes raises SIGBUS.
  virtual SharedBytes Map(int64_t /*size*/, int64_t /*alignment*/) { return {}; }

  // Returns an upper bound of all bytes that the input can yield, from the size of the file.
  virtual int64_t MaxBytes() const = 0;
};

// Reads `size` bytes, or fewer at the end of the input. Never allocates more than twice the bytes
// that are really there.
absl::StatusOr<Array::Bytes> ReadBytes(ByteInput& input, int64_t size);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_BYTE_INPUT_H_
