#include "engine/formats/numpy_array.h"

#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

absl::Status Unreadable(absl::string_view code, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("a numpy array has elements of the type '", code, "'", what,
                   "; only booleans, integers and floats of up to 64 bits can be read"));
}

// Reorders column-major elements to row-major.
Array::Bytes FromFortranOrder(const Array::Bytes& data, const std::vector<int64_t>& shape,
                              int64_t item_size) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = item_size;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  Array::Bytes bytes(data.size());
  std::vector<int64_t> index(shape.size());
  int64_t from = 0;
  for (size_t to = 0; to < bytes.size(); to += static_cast<size_t>(item_size)) {
    std::memcpy(&bytes[to], data.data() + from, static_cast<size_t>(item_size));
    for (size_t axis = shape.size(); axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return bytes;
}

}  // namespace

absl::StatusOr<NumpyType> ParseNumpyType(absl::string_view code) {
  constexpr std::pair<absl::string_view, DType> kCodes[] = {
      {"b1", DType::kBool},    {"?", DType::kBool},     {"i1", DType::kInt8},
      {"i2", DType::kInt16},   {"i4", DType::kInt32},   {"i8", DType::kInt64},
      {"u1", DType::kUint8},   {"u2", DType::kUint16},  {"u4", DType::kUint32},
      {"u8", DType::kUint64},  {"f2", DType::kFloat16}, {"f4", DType::kFloat32},
      {"f8", DType::kFloat64},
  };
  NumpyType type;
  absl::string_view bare = code;
  if (!bare.empty() && absl::StrContains("<>=|", bare.front())) {
    type.big_endian = bare.front() == '>';
    bare.remove_prefix(1);
  }
  for (const auto& [known, dtype] : kCodes) {
    if (known != bare) continue;
    type.dtype = dtype;
    return type;
  }
  if (bare == "O" || bare == "O8" || bare == "O4") {
    type.is_object = true;
    return type;
  }
  const bool text = absl::StartsWith(bare, "S") || absl::StartsWith(bare, "U");
  return Unreadable(code, text ? " (strings)" : "");
}

absl::Status NumpyObjectsError(absl::string_view code) {
  return Unreadable(code, " (Python objects, as when rows differ in length)");
}

absl::StatusOr<Array> MakeNumpyArray(const NumpyType& type, std::vector<int64_t> shape,
                                     bool fortran_order, Array::Bytes bytes) {
  const int64_t item_size = ItemSize(type.dtype);
  KUR_ASSIGN_OR_RETURN(const int64_t count, CountElements(shape, item_size));
  const bool complete = static_cast<size_t>(count * item_size) == bytes.size();
  if (complete && fortran_order && shape.size() > 1 && count > 0) {
    bytes = FromFortranOrder(bytes, shape, item_size);
  }
  if (complete && type.big_endian) SwapBytes(bytes.data(), bytes.size(), item_size);
  return Array::FromBytes(type.dtype, std::move(shape), std::move(bytes));
}

}  // namespace kur
