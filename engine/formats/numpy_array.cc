#include "engine/formats/numpy_array.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"

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
  if (!bare.empty() && (bare[0] == 'S' || bare[0] == 'U')) {
    constexpr int64_t kMaxCharacters = int64_t{1} << 30;
    type.is_unicode = bare[0] == 'U';
    int64_t characters = 0;
    if (absl::SimpleAtoi(bare.substr(1), &characters) && characters >= 0 &&
        characters <= kMaxCharacters) {
      // NumPy calls texts that are all empty U0, and stores no bytes; none of use are.
      type.text_bytes = std::max<int64_t>(1, characters) * (type.is_unicode ? 4 : 1);
      return type;
    }
  }
  return Unreadable(code, "");
}

absl::StatusOr<std::vector<std::string>> NumpyTexts(const NumpyType& type, int64_t count,
                                                    absl::string_view bytes) {
  const auto width = static_cast<size_t>(type.text_bytes);
  if (bytes.size() / width != static_cast<size_t>(count) || bytes.size() % width != 0) {
    return absl::DataLossError(absl::StrCat("a numpy array of ", count, " texts of ", width,
                                            " bytes has ", bytes.size(), " bytes of data"));
  }
  std::vector<std::string> texts(static_cast<size_t>(count));
  for (std::string& text : texts) {
    const absl::string_view stored = bytes.substr(0, width);
    bytes.remove_prefix(width);
    if (!type.is_unicode) {
      text = std::string(stored.substr(0, stored.find_last_not_of('\0') + 1));
      continue;
    }
    for (size_t at = 0; at < width; at += 4) {
      uint32_t character = 0;
      for (size_t i = 0; i < 4; ++i) {
        const size_t byte = type.big_endian ? i : 3 - i;
        character = character << 8 | static_cast<uint8_t>(stored[at + byte]);
      }
      if (character == 0) break;
      if (character > 0x10ffff || (character >= 0xd800 && character < 0xe000)) {
        return absl::DataLossError("a text of a numpy array is no Unicode");
      }
      AppendCodePoint(character, &text);
    }
  }
  return texts;
}

absl::Status NumpyObjectsError(absl::string_view code) {
  return Unreadable(code, " (Python objects, as when rows differ in length)");
}

absl::StatusOr<Array> MakeNumpyArray(const NumpyType& type, std::vector<int64_t> shape,
                                     bool fortran_order, Array::Bytes bytes) {
  if (type.is_text()) return Unreadable("S", " (texts)");
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
