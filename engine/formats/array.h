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

// The type of an element, in the byte order of this machine.
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

// Bytes of one element.
int64_t ItemSize(DType dtype);

// As NumPy calls it: "uint8", "float32", "bool".
absl::string_view Name(DType dtype);

// The number of elements of `shape`. INVALID_ARGUMENT for a negative extent and when the count, or
// the count times `item_size`, does not fit into an int64_t.
absl::StatusOr<int64_t> CountElements(const std::vector<int64_t>& shape, int64_t item_size = 1);

// Reverses the bytes of every element, as for a file written on a machine of the other byte order.
// Precondition: `size` is a multiple of `item_size`.
void SwapBytes(uint8_t* data, size_t size, int64_t item_size);

// The value of an IEEE half-precision number given by its bits.
float HalfToFloat(uint16_t bits);

// The C++ type of an element and its DType. bool and half have none: their bytes are uint8_t and
// uint16_t.
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

// Bytes that are not to be changed, and whatever holds them.
struct SharedBytes {
  std::shared_ptr<const uint8_t> data;
  int64_t size = 0;
  bool on_disk = false;  // in a mapped file, of which not all may stay in memory
};

// A dense array: elements of one type, in row-major order, in one buffer. Immutable; copies share
// the buffer, so copying is cheap and reading from several threads is safe. A shape of no extents
// holds one element.
class Array {
 public:
  using Bytes = SpillableBuffer;

  // No elements: float32 of shape (0,).
  Array();

  // Takes the bytes over. INVALID_ARGUMENT unless there are exactly as many as the shape needs.
  static absl::StatusOr<Array> FromBytes(DType dtype, std::vector<int64_t> shape, Bytes bytes);

  // Shares bytes that are aligned for their elements. The same error.
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
  // The number of elements.
  int64_t count() const { return count_; }

  const uint8_t* bytes() const { return bytes_.data.get(); }
  int64_t byte_size() const { return count_ * ItemSize(dtype_); }

  // The elements as T; aligned. Precondition: T has the size of an element.
  template <class T>
  const T* data() const {
    return reinterpret_cast<const T*>(bytes());
  }

  // Begins to bring `count` elements to memory, if they may be on a disk.
  void Prefetch(int64_t first, int64_t count) const {
    const auto item = static_cast<size_t>(ItemSize(dtype_));
    if (bytes_.on_disk) {
      kur::Prefetch(bytes() + static_cast<size_t>(first) * item, static_cast<size_t>(count) * item);
    }
  }

  // Element `i` in row-major order, converted. Precondition: 0 <= i < count().
  double At(int64_t i) const;

  // The same elements under another shape. INVALID_ARGUMENT if their numbers differ.
  absl::StatusOr<Array> Reshape(std::vector<int64_t> shape) const;

 private:
  DType dtype_ = DType::kFloat32;
  std::vector<int64_t> shape_;
  int64_t count_ = 0;
  SharedBytes bytes_;
};

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_ARRAY_H_
