#include "engine/formats/array.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"

namespace kur {
namespace {

struct DTypeInfo {
  int64_t size;
  absl::string_view name;
};

// In the order of DType.
constexpr DTypeInfo kDTypes[] = {
    {1, "bool"},   {1, "int8"},   {2, "int16"},  {4, "int32"},   {8, "int64"},   {1, "uint8"},
    {2, "uint16"}, {4, "uint32"}, {8, "uint64"}, {2, "float16"}, {4, "float32"}, {8, "float64"},
};

std::string ShapeText(const std::vector<int64_t>& shape) {
  return absl::StrCat("(", absl::StrJoin(shape, ", "), shape.size() == 1 ? ",)" : ")");
}

template <class T>
double Load(const uint8_t* bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return static_cast<double>(value);
}

}  // namespace

int64_t ItemSize(DType dtype) { return kDTypes[static_cast<size_t>(dtype)].size; }

absl::string_view Name(DType dtype) { return kDTypes[static_cast<size_t>(dtype)].name; }

absl::StatusOr<int64_t> CountElements(const std::vector<int64_t>& shape, int64_t item_size) {
  int64_t count = 1;
  int64_t bytes = item_size;
  bool overflow = false;
  bool empty = false;
  // Extents beside one of 0 count as well: strides are products of them.
  for (const int64_t extent : shape) {
    if (extent < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the shape ", ShapeText(shape), " has a negative extent"));
    }
    empty = empty || extent == 0;
    const int64_t factor = std::max<int64_t>(extent, 1);
    overflow = overflow || __builtin_mul_overflow(count, factor, &count) ||
               __builtin_mul_overflow(bytes, factor, &bytes);
  }
  if (overflow) {
    return absl::InvalidArgumentError(
        absl::StrCat("the shape ", ShapeText(shape), " has more elements than memory can hold"));
  }
  return empty ? 0 : count;
}

void SwapBytes(uint8_t* data, size_t size, int64_t item_size) {
  if (item_size == 1) return;
  for (uint8_t* item = data; item != data + size; item += item_size) {
    std::reverse(item, item + item_size);
  }
}

float HalfToFloat(uint16_t bits) {
  const float sign = (bits & 0x8000u) != 0 ? -1.0f : 1.0f;
  const int exponent = (bits >> 10) & 0x1f;
  const int fraction = bits & 0x3ff;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

Array::Array() : shape_{0} {}

absl::StatusOr<Array> Array::FromBytes(DType dtype, std::vector<int64_t> shape, Bytes bytes) {
  const auto owner = std::make_shared<const Bytes>(std::move(bytes));
  return FromShared(dtype, std::move(shape),
                    {std::shared_ptr<const uint8_t>(owner, owner->data()),
                     static_cast<int64_t>(owner->size()), owner->in_file()});
}

absl::StatusOr<Array> Array::FromShared(DType dtype, std::vector<int64_t> shape,
                                        SharedBytes bytes) {
  KUR_ASSIGN_OR_RETURN(const int64_t count, CountElements(shape, ItemSize(dtype)));
  if (count * ItemSize(dtype) != bytes.size) {
    return absl::InvalidArgumentError(
        absl::StrCat("an array of ", Name(dtype), " ", ShapeText(shape), " needs ",
                     count * ItemSize(dtype), " bytes, not ", bytes.size));
  }
  Array array;
  array.dtype_ = dtype;
  array.shape_ = std::move(shape);
  array.count_ = count;
  array.bytes_ = std::move(bytes);
  return array;
}

double Array::At(int64_t i) const {
  switch (dtype_) {
    case DType::kBool:
    case DType::kUint8:
      return Load<uint8_t>(bytes(), i);
    case DType::kInt8:
      return Load<int8_t>(bytes(), i);
    case DType::kInt16:
      return Load<int16_t>(bytes(), i);
    case DType::kInt32:
      return Load<int32_t>(bytes(), i);
    case DType::kInt64:
      return Load<int64_t>(bytes(), i);
    case DType::kUint16:
      return Load<uint16_t>(bytes(), i);
    case DType::kUint32:
      return Load<uint32_t>(bytes(), i);
    case DType::kUint64:
      return Load<uint64_t>(bytes(), i);
    case DType::kFloat16:
      return HalfToFloat(data<uint16_t>()[i]);
    case DType::kFloat32:
      return Load<float>(bytes(), i);
    case DType::kFloat64:
      return Load<double>(bytes(), i);
  }
  return 0;
}

absl::StatusOr<Array> Array::Reshape(std::vector<int64_t> shape) const {
  KUR_ASSIGN_OR_RETURN(const int64_t count, CountElements(shape, ItemSize(dtype_)));
  if (count != count_) {
    return absl::InvalidArgumentError(absl::StrCat("an array of shape ", ShapeText(shape_),
                                                   " cannot take the shape ", ShapeText(shape)));
  }
  Array array = *this;
  array.shape_ = std::move(shape);
  return array;
}

}  // namespace kur
