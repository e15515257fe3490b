#ifndef KUR_ENGINE_FORMATS_ARRAY_H_
#define KUR_ENGINE_FORMATS_ARRAY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/spillable_buffer.h"

namespace kur {

// The type of an element, stored in the byte order of this machine.
enum class DType : uint8_t {
  kBool,  // one byte, 0 or 1
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat16,
  kFloat32,
  kFloat64,
};

// Returns the bytes of one element.
int64_t ItemSize(DType dtype);

// Returns the name in NumPy: "uint8", "float32", "bool".
absl::string_view Name(DType dtype);

// Returns the number of elements of `shape`. INVALID_ARGUMENT if an extent is negative, or if the
// count or the count times `item_size` overflows an int64_t; for that, extents of 0 count as 1.
absl::StatusOr<int64_t> CountElements(const std::vector<int64_t>& shape, int64_t item_size = 1);

// Reverses the bytes of every element, to convert the byte order. Precondition: `size` is a
// multiple of `item_size`.
void SwapBytes(uint8_t* data, size_t size, int64_t item_size);

// Converts an IEEE half-precision number from its bits.
float HalfToFloat(uint16_t bits);

// Maps the C++ type of an element to its DType. bool and half have no C++ type here: their bytes
// are uint8_t and uint16_t.
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<int8_t> {
  static constexpr DType kValue = DType::kInt8;
};
template <>
struct DTypeOf<int16_t> {
  static constexpr DType kValue = DType::kInt16;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType kValue = DType::kInt32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType kValue = DType::kInt64;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType kValue = DType::kUint8;
};
template <>
struct DTypeOf<uint16_t> {
  static constexpr DType kValue = DType::kUint16;
};
template <>
struct DTypeOf<uint32_t> {
  static constexpr DType kValue = DType::kUint32;
};
template <>
struct DTypeOf<uint64_t> {
  static constexpr DType kValue = DType::kUint64;
};
template <>
struct DTypeOf<float> {
  static constexpr DType kValue = DType::kFloat32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType kValue = DType::kFloat64;
};

// Read-only bytes and their owner. Copies share the bytes.
struct SharedBytes {
  std::shared_ptr<const uint8_t> data;
  int64_t size = 0;
  bool on_disk = false;  // in a mapped file, of which not all may stay in memory
};

// A dense array: elements of one type in one buffer, in row-major order. An empty shape holds one
// element. Immutable; copies share the buffer, so copying is cheap. Thread-safe.
class Array {
 public:
  using Bytes = SpillableBuffer;

  // Makes an array without elements: float32 of shape (0,).
  Array();

  // Makes an array that owns `bytes`. INVALID_ARGUMENT unless there are exactly as many bytes as
  // the shape needs.
  static absl::StatusOr<Array> FromBytes(DType dtype, std::vector<int64_t> shape, Bytes bytes);

  // Makes an array over shared bytes, which must be aligned for the elements. Same errors as
  // FromBytes().
  static absl::StatusOr<Array> FromShared(DType dtype, std::vector<int64_t> shape,
                                          SharedBytes bytes);

  // Copies `values`. INVALID_ARGUMENT unless there are exactly as many as the shape needs.
  template <class T>
  static absl::StatusOr<Array> FromValues(std::vector<int64_t> shape,
                                          const std::vector<T>& values) {
    const auto* begin = reinterpret_cast<const uint8_t*>(values.data());
    return FromBytes(DTypeOf<T>::kValue, std::move(shape),
                     Bytes(begin, begin + values.size() * sizeof(T)));
  }

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  // Returns the number of elements.
  int64_t count() const { return count_; }

  const uint8_t* bytes() const { return bytes_.data.get(); }
  int64_t byte_size() const { return count_ * ItemSize(dtype_); }

  // Returns the elements as T, aligned. Precondition: T has the size of an element.
  template <class T>
  const T* data() const {
    return reinterpret_cast<const T*>(bytes());
  }

  // Starts to read `count` elements from disk and returns at once. Does nothing for an array in
  // memory.
  void Prefetch(int64_t first, int64_t count) const {
    const auto item = static_cast<size_t>(ItemSize(dtype_));
    if (bytes_.on_disk) {
      kur::Prefetch(bytes() + static_cast<size_t>(first) * item, static_cast<size_t>(count) * item);
    }
  }

  // Returns element `i` in row-major order as a double. Precondition: 0 <= i < count().
  double At(int64_t i) const;

  // Returns the same elements under another shape. INVALID_ARGUMENT if the counts differ.
  absl::StatusOr<Array> Reshape(std::vector<int64_t> shape) const;

 private:
  DType dtype_ = DType::kFloat32;
  std::vector<int64_t> shape_;
  int64_t count_ = 0;
  SharedBytes bytes_;
};

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_ARRAY_H_
