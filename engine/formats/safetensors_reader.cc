#include "engine/formats/safetensors_reader.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

using nlohmann::json;

constexpr char kMetadataKey[] = "__metadata__";
constexpr int64_t kLengthBytes = 8;
// A parsed header takes many times its size in the file.
constexpr int64_t kMaxHeaderBytes = int64_t{32} << 20;

struct TypeName {
  const char* name;
  DType dtype;
};

constexpr char kBFloat16[] = "BF16";
constexpr TypeName kTypes[] = {
    {"BOOL", DType::kBool},
    {"I8", DType::kInt8},
    {"I16", DType::kInt16},
    {"I32", DType::kInt32},
    {"I64", DType::kInt64},
    {"U8", DType::kUint8},
    {"U16", DType::kUint16},
    {"U32", DType::kUint32},
    {"U64", DType::kUint64},
    {"F16", DType::kFloat16},
    {"F32", DType::kFloat32},
    {"F64", DType::kFloat64},
    // Read as an integer of its size, then widened to float32.
    {kBFloat16, DType::kUint16},
};

// A tensor as the header describes it.
struct Entry {
  std::string name;
  std::string type;
  DType dtype = DType::kFloat32;
  std::vector<int64_t> shape;
  int64_t begin = 0;  // offset in the bytes after the header
  int64_t end = 0;
  bool is_wanted = true;  // otherwise neither type nor shape are known
};

std::string Shown(const std::string& name) {
  constexpr size_t kMaxShown = 80;
  return absl::StrCat("tensor '", absl::CHexEscape(name.substr(0, kMaxShown)), "'");
}

// Reads a list of integers that are not negative. Returns false for anything else.
bool ReadIntegers(const json& entry, const char* key, std::vector<int64_t>* to) {
  const auto list = entry.find(key);
  if (list == entry.end() || !list->is_array()) return false;
  for (const json& number : *list) {
    if (!number.is_number_unsigned() || number.get<uint64_t>() > uint64_t{INT64_MAX}) return false;
    to->push_back(number.get<int64_t>());
  }
  return true;
}

absl::StatusOr<Entry> ParseEntry(const std::string& name, const json& described, bool is_wanted) {
  Entry entry;
  entry.name = name;
  std::vector<int64_t> offsets;
  if (!described.is_object() || !ReadIntegers(described, "shape", &entry.shape) ||
      !ReadIntegers(described, "data_offsets", &offsets) || offsets.size() != 2 ||
      !described.contains("dtype") || !described["dtype"].is_string()) {
    return absl::DataLossError("the header lacks its dtype, shape or data_offsets");
  }
  entry.type = described["dtype"].get<std::string>();
  entry.begin = offsets[0];
  entry.end = offsets[1];
  entry.is_wanted = is_wanted;
  if (!is_wanted) {
    if (entry.begin <= entry.end) return entry;
    return absl::DataLossError("ends before it begins");
  }
  const auto* const type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                        [&](const TypeName& t) { return t.name == entry.type; });
  if (type == std::end(kTypes)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "elements of the type '", absl::CHexEscape(entry.type.substr(0, 20)), "' cannot be read"));
  }
  entry.dtype = type->dtype;
  const auto count = CountElements(entry.shape, ItemSize(entry.dtype));
  const int64_t bytes = count.ok() ? *count * ItemSize(entry.dtype) : -1;
  if (entry.end - entry.begin != bytes) {
    return absl::DataLossError(absl::StrCat("has the bytes ", entry.begin, " to ", entry.end,
                                            ", which its shape does not fit"));
  }
  return entry;
}

absl::StatusOr<json> ReadHeader(ByteInput& input) {
  uint64_t size = 0;
  KUR_ASSIGN_OR_RETURN(const int64_t read, input.Read(&size, kLengthBytes));
  if (read < kLengthBytes) return absl::DataLossError("is too short for a safetensors file");
  if (size > static_cast<uint64_t>(kMaxHeaderBytes)) {
    return absl::DataLossError(
        absl::StrCat("is no safetensors file: its header would have ", size, " bytes"));
  }
  KUR_ASSIGN_OR_RETURN(const Array::Bytes text, ReadBytes(input, static_cast<int64_t>(size)));
  if (text.size() < size) return absl::DataLossError("ends in its header");
  json header = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (header.is_object()) return header;
  return absl::DataLossError("is no safetensors file: its header is no JSON dictionary");
}

// Returns the tensors in the order of their bytes. Every byte must belong to exactly one tensor.
absl::StatusOr<std::vector<Entry>> ParseEntries(const json& header, const ArrayFilter& wanted) {
  std::vector<Entry> entries;
  for (const auto& [name, described] : header.items()) {
    if (name == kMetadataKey) continue;
    auto entry = ParseEntry(name, described, wanted(name));
    if (!entry.ok()) return Annotate(entry.status(), Shown(name));
    entries.push_back(*std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  int64_t at = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != at) {
      return absl::DataLossError(absl::StrCat(Shown(entry.name), " begins at the byte ",
                                              entry.begin, ", but should at ", at));
    }
    at = entry.end;
  }
  return entries;
}

Array::Bytes Widen(const Array::Bytes& halves) {
  Array::Bytes wide(halves.size() * 2);
  for (size_t i = 0; i < halves.size(); i += 2) {
    uint16_t half = 0;
    std::memcpy(&half, halves.data() + i, sizeof(half));
    const uint32_t bits = uint32_t{half} << 16;
    std::memcpy(wide.data() + 2 * i, &bits, sizeof(bits));
  }
  return wide;
}

absl::StatusOr<Array> ReadTensor(ByteInput& input, const Entry& entry) {
  const int64_t size = entry.end - entry.begin;
  if (entry.type != kBFloat16 && entry.dtype != DType::kBool) {
    auto mapped = input.Map(size, ItemSize(entry.dtype));
    if (mapped.data != nullptr) {
      return Array::FromShared(entry.dtype, entry.shape, std::move(mapped));
    }
  }
  KUR_ASSIGN_OR_RETURN(Array::Bytes bytes, ReadBytes(input, size));
  if (static_cast<int64_t>(bytes.size()) < size) {
    return absl::DataLossError(absl::StrCat(
        "the file ends ", size - static_cast<int64_t>(bytes.size()), " bytes before it does"));
  }
  if (entry.type == kBFloat16) {
    return Array::FromBytes(DType::kFloat32, entry.shape, Widen(bytes));
  }
  if (entry.dtype == DType::kBool) {
    for (uint8_t& byte : bytes) byte = byte != 0 ? 1 : 0;
  }
  return Array::FromBytes(entry.dtype, entry.shape, std::move(bytes));
}

absl::Status Skip(ByteInput& input, int64_t size) {
  constexpr int64_t kBlock = int64_t{1} << 18;
  std::vector<uint8_t> block(static_cast<size_t>(std::min(size, kBlock)));
  while (size > 0) {
    KUR_ASSIGN_OR_RETURN(const int64_t read, input.Read(block.data(), std::min(size, kBlock)));
    if (read == 0) return absl::DataLossError(absl::StrCat("the file ends ", size, " bytes early"));
    size -= read;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<std::string, Array>> ReadSafetensors(ByteInput& input,
                                                             const ArrayFilter& wanted) {
  KUR_ASSIGN_OR_RETURN(const json header, ReadHeader(input));
  KUR_ASSIGN_OR_RETURN(const std::vector<Entry> entries, ParseEntries(header, wanted));
  std::map<std::string, Array> arrays;
  for (const Entry& entry : entries) {
    if (!entry.is_wanted) {
      KUR_RETURN_IF_ERROR(Skip(input, entry.end - entry.begin));
      continue;
    }
    auto array = ReadTensor(input, entry);
    if (!array.ok()) return Annotate(array.status(), Shown(entry.name));
    arrays[entry.name] = *std::move(array);
  }
  uint8_t more = 0;
  KUR_ASSIGN_OR_RETURN(const int64_t read, input.Read(&more, 1));
  if (read > 0) return absl::DataLossError("has bytes after the last tensor");
  return arrays;
}

}  // namespace kur
