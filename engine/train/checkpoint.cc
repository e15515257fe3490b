#include "engine/train/checkpoint.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/files_without_links.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/formats/array.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

using nlohmann::json;

constexpr char kOptimizerPrefix[] = "optimizer/";
constexpr char kTrainedPrefix[] = "trained/";
constexpr char kGradientPrefix[] = "gradient/";
constexpr char kMetadataKey[] = "__metadata__";
constexpr char kStateKey[] = "kur";
constexpr char kEncodingsKey[] = "kur_data";
constexpr char kChecksumKey[] = "kur_file_sha256";
// In files of earlier versions: of the state and the tensors, but not of their names and places.
constexpr char kOldChecksumKey[] = "kur_sha256";
constexpr size_t kLengthBytes = 8;

struct DTypeName {
  const char* name;
  at::ScalarType type;
};

constexpr DTypeName kDTypes[] = {
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
    {"I64", at::kLong},   {"I32", at::kInt},   {"I16", at::kShort}, {"I8", at::kChar},
    {"U8", at::kByte},    {"BOOL", at::kBool},
};

const char* NameOf(at::ScalarType type) {
  for (const DTypeName& entry : kDTypes) {
    if (entry.type == type) return entry.name;
  }
  return nullptr;
}

const DTypeName* FindDType(const std::string& name) {
  for (const DTypeName& entry : kDTypes) {
    if (name == entry.name) return &entry;
  }
  return nullptr;
}

struct JsonWriter {
  json* object;
  template <class T>
  void operator()(const char* key, const T& value) const {
    (*object)[key] = value;
  }
  void operator()(const char* key, const std::optional<double>& value) const {
    if (value.has_value()) (*object)[key] = *value;
  }
};

struct JsonReader {
  const json* object;
  template <class T>
  void operator()(const char* key, T& value) const {
    if (object->contains(key)) object->at(key).get_to(value);
  }
  void operator()(const char* key, std::optional<double>& value) const {
    if (object->contains(key)) value = object->at(key).get<double>();
  }
};

json PositionToJson(const TrainingPosition& position) {
  json object = json::object();
  TrainingPosition::VisitFields(position, JsonWriter{&object});
  return object;
}

TrainingPosition PositionFromJson(const json& object) {
  TrainingPosition position;
  TrainingPosition::VisitFields(position, JsonReader{&object});
  return position;
}

// Adds a tensor's bytes to `data` and its entry to `header`.
absl::Status AddTensor(const std::string& name, const at::Tensor& tensor, json* header,
                       std::string* data) {
  const at::Tensor dense = tensor.detach().to(at::kCPU).contiguous();
  const char* dtype = NameOf(dense.scalar_type());
  if (dtype == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("no safetensors type for ", name));
  }
  const size_t begin = data->size();
  data->append(static_cast<const char*>(dense.data_ptr()), dense.nbytes());
  (*header)[name] = {
      {"dtype", dtype}, {"shape", dense.sizes().vec()}, {"data_offsets", {begin, data->size()}}};
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> ReadTensor(const std::string& name, const json& entry,
                                      absl::string_view data) {
  const DTypeName* dtype = FindDType(entry.at("dtype").get<std::string>());
  if (dtype == nullptr) return absl::DataLossError(absl::StrCat(name, " has an unknown type"));
  const auto shape = entry.at("shape").get<std::vector<int64_t>>();
  const auto begin = entry.at("data_offsets").at(0).get<uint64_t>();
  const auto end = entry.at("data_offsets").at(1).get<uint64_t>();
  if (begin > end || end > data.size()) {
    return absl::DataLossError(absl::StrCat(name, " lies outside of the file"));
  }
  const auto item_size = static_cast<int64_t>(at::elementSize(dtype->type));
  const auto count = CountElements(shape, item_size);
  if (!count.ok()) return absl::DataLossError(absl::StrCat(name, " has an impossible shape"));
  const auto bytes = static_cast<uint64_t>(*count * item_size);
  if (bytes != end - begin) {
    return absl::DataLossError(
        absl::StrCat(name, " has ", end - begin, " bytes, but its shape needs ", bytes));
  }
  at::Tensor tensor = at::empty(shape, dtype->type);
  if (bytes > 0) std::memcpy(tensor.data_ptr(), data.data() + begin, bytes);
  return tensor;
}

std::string Checksum(absl::string_view header, absl::string_view data) {
  Sha256 digest;
  digest.Update(header);
  digest.Update(data);
  return digest.Hex();
}

// What stands in the header for its own checksum while that is computed.
std::string NoChecksum() { return std::string(Sha256Hex("").size(), '0'); }

// Flipped bits would go unnoticed otherwise, in tensors as well as in their names and places.
absl::Status CheckIntegrity(const json& metadata, std::string header, absl::string_view data) {
  const absl::Status damaged =
      absl::DataLossError("the content does not have the checksum in the header");
  if (metadata.contains(kChecksumKey)) {
    const std::string expected = metadata[kChecksumKey];
    const size_t place = header.find(expected);
    if (expected.size() != NoChecksum().size() || place == std::string::npos) return damaged;
    header.replace(place, expected.size(), NoChecksum());
    return Checksum(header, data) == expected ? absl::OkStatus() : damaged;
  }
  if (metadata.contains(kOldChecksumKey)) {
    const bool same = metadata[kOldChecksumKey] == Checksum(metadata.value(kStateKey, ""), data);
    return same ? absl::OkStatus() : damaged;
  }
  // Somebody else's file; ours always have one.
  return metadata.contains(kStateKey) ? damaged : absl::OkStatus();
}

void ParseState(const json& state, Checkpoint* checkpoint) {
  checkpoint->optimizer = state.value("optimizer", "");
  checkpoint->optimizer_steps = state.value("optimizer_steps", int64_t{0});
  checkpoint->position = PositionFromJson(state.value("position", json::object()));
}

void ParseMetadata(const json& metadata, Checkpoint* checkpoint) {
  const std::string state = metadata.value(kStateKey, "");
  if (!state.empty()) ParseState(json::parse(state), checkpoint);
  checkpoint->encodings = metadata.value(kEncodingsKey, "");
}

// Returns the size of the header of a file of `size` bytes, of which `begin` is the beginning.
absl::StatusOr<uint64_t> HeaderSize(absl::string_view begin, size_t size) {
  uint64_t header_size = 0;
  if (std::min(begin.size(), size) < kLengthBytes) {
    return absl::DataLossError("the file is too short");
  }
  std::memcpy(&header_size, begin.data(), kLengthBytes);
  if (header_size <= size - kLengthBytes) return header_size;
  return absl::DataLossError("the header is longer than the file");
}

absl::StatusOr<CheckpointHeader> ParseHeader(const RandomAccessFile& file) {
  KUR_ASSIGN_OR_RETURN(const int64_t size, file.Size());
  std::string text(kLengthBytes, '\0');
  KUR_ASSIGN_OR_RETURN(const size_t begin, file.Read(0, text.size(), text.data()));
  KUR_ASSIGN_OR_RETURN(const uint64_t header_size,
                       HeaderSize(text.substr(0, begin), static_cast<size_t>(size)));
  text.resize(header_size);
  KUR_ASSIGN_OR_RETURN(const size_t got, file.Read(kLengthBytes, text.size(), text.data()));
  const json header = json::parse(text.substr(0, got));
  const json metadata = header.value(kMetadataKey, json::object());
  Checkpoint checkpoint;
  ParseMetadata(metadata, &checkpoint);
  CheckpointHeader read;
  read.position = checkpoint.position;
  if (checkpoint.encodings.empty()) return read;
  KUR_ASSIGN_OR_RETURN(read.encodings, ParseEncodings(checkpoint.encodings));
  return read;
}

absl::StatusOr<Checkpoint> Parse(const std::string& content) {
  KUR_ASSIGN_OR_RETURN(const uint64_t header_size, HeaderSize(content, content.size()));
  const std::string text = content.substr(kLengthBytes, header_size);
  const json header = json::parse(text);
  absl::string_view data(content);
  data.remove_prefix(kLengthBytes + header_size);
  Checkpoint checkpoint;
  for (const auto& [name, entry] : header.items()) {
    if (name == kMetadataKey) continue;
    KUR_ASSIGN_OR_RETURN(at::Tensor tensor, ReadTensor(name, entry, data));
    absl::string_view rest = name;
    TensorMap* map = &checkpoint.weights;
    if (absl::ConsumePrefix(&rest, kOptimizerPrefix)) map = &checkpoint.optimizer_state;
    if (absl::ConsumePrefix(&rest, kTrainedPrefix)) map = &checkpoint.trained_weights;
    if (absl::ConsumePrefix(&rest, kGradientPrefix)) map = &checkpoint.gradients;
    (*map)[std::string(rest)] = std::move(tensor);
  }
  if (!header.contains(kMetadataKey)) return checkpoint;
  const json& metadata = header[kMetadataKey];
  KUR_RETURN_IF_ERROR(CheckIntegrity(metadata, text, data));
  ParseMetadata(metadata, &checkpoint);
  return checkpoint;
}

// Returns what `parse` returns. Errors say that the file is damaged.
template <class Result>
absl::StatusOr<Result> NamingDamage(const std::string& path,
                                    absl::FunctionRef<absl::StatusOr<Result>()> parse) {
  try {
    auto result = parse();
    if (!result.ok()) return Annotate(result.status(), path + " is damaged");
    return result;
  } catch (const json::exception& error) {
    return absl::DataLossError(
        absl::StrCat(path, " is no safetensors file, or damaged: ", error.what()));
  }
}

}  // namespace

absl::StatusOr<std::string> SerializeCheckpoint(const Checkpoint& checkpoint) {
  json header = json::object();
  std::string data;
  const std::pair<const char*, const TensorMap*> parts[] = {
      {"", &checkpoint.weights},
      {kTrainedPrefix, &checkpoint.trained_weights},
      {kOptimizerPrefix, &checkpoint.optimizer_state},
      {kGradientPrefix, &checkpoint.gradients},
  };
  size_t bytes = 0;
  for (const auto& [prefix, tensors] : parts) {
    for (const auto& [name, tensor] : *tensors) bytes += tensor.nbytes();
  }
  data.reserve(bytes);
  for (const auto& [prefix, tensors] : parts) {
    for (const auto& [name, tensor] : *tensors) {
      KUR_RETURN_IF_ERROR(AddTensor(prefix + name, tensor, &header, &data));
    }
  }
  const json state = {{"version", 1},
                      {"optimizer", checkpoint.optimizer},
                      {"optimizer_steps", checkpoint.optimizer_steps},
                      {"position", PositionToJson(checkpoint.position)}};
  header[kMetadataKey] = {{kStateKey, state.dump()}, {kChecksumKey, NoChecksum()}};
  if (!checkpoint.encodings.empty()) header[kMetadataKey][kEncodingsKey] = checkpoint.encodings;
  std::string text = header.dump();
  // Tensors begin at a multiple of 8, as the format wants.
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::string entry = absl::StrCat("\"", kChecksumKey, "\":\"");
  text.replace(text.find(entry + NoChecksum()) + entry.size(), NoChecksum().size(),
               Checksum(text, data));
  const uint64_t length = text.size();
  std::string content(kLengthBytes, '\0');
  std::memcpy(&content[0], &length, kLengthBytes);
  content.reserve(kLengthBytes + text.size() + data.size());
  content += text;
  content += data;
  return content;
}

absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const std::string content, FilesWithoutLinks().Read(path));
  return NamingDamage<Checkpoint>(path, [&] { return Parse(content); });
}

absl::StatusOr<CheckpointHeader> ReadCheckpointHeader(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const auto file, FilesWithoutLinks().OpenForReading(path));
  return NamingDamage<CheckpointHeader>(path, [&] { return ParseHeader(*file); });
}

}  // namespace kur
