#include "engine/train/results.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/formats/npz_writer.h"
#include "engine/formats/pickle/pickle_value.h"
#include "engine/formats/pickle/pickle_writer.h"
#include "engine/train/result_table.h"

namespace kur {
namespace {

using Columns = std::map<std::string, ResultColumn>;

absl::StatusOr<PickleValue> ToPickle(const Columns& columns) {
  PickleValue::Dict dict;
  for (const auto& [name, column] : columns) {
    KUR_ASSIGN_OR_RETURN(Array array, column.ToArray());
    dict.emplace_back(PickleValue(name), PickleValue(std::move(array)));
  }
  return PickleValue::MakeDict(std::move(dict));
}

absl::StatusOr<Array> ToArray(const std::vector<int64_t>& numbers) {
  return Array::FromValues<int64_t>({static_cast<int64_t>(numbers.size())}, numbers);
}

PickleValue ToPickle(const std::vector<std::string>& texts) {
  std::vector<PickleValue> list;
  list.reserve(texts.size());
  for (const std::string& text : texts) list.emplace_back(text);
  return PickleValue::MakeList(std::move(list));
}

// Returns {name: list} of the lists that describe all rows.
PickleValue ToPickle(const std::map<std::string, std::vector<std::string>>& lists) {
  PickleValue::Dict dict;
  for (const auto& [name, texts] : lists) dict.emplace_back(PickleValue(name), ToPickle(texts));
  return PickleValue::MakeDict(std::move(dict));
}

absl::StatusOr<std::string> FormatAsPickle(const Predictions& predictions) {
  PickleValue::Dict root;
  const auto add = [&](const char* key, PickleValue value) {
    root.emplace_back(PickleValue(key), std::move(value));
  };
  KUR_ASSIGN_OR_RETURN(PickleValue result, ToPickle(predictions.result));
  add("result", std::move(result));
  if (!predictions.truth.empty()) {
    KUR_ASSIGN_OR_RETURN(PickleValue truth, ToPickle(predictions.truth));
    add("truth", std::move(truth));
  }
  const ResultLabels& labels = predictions.labels;
  if (!labels.samples.empty()) add("samples", ToPickle(labels.samples));
  if (!labels.kept.empty()) {
    PickleValue::Dict kept;
    for (const auto& [name, texts] : labels.kept) {
      kept.emplace_back(PickleValue(name), ToPickle(texts));
    }
    add("kept", PickleValue::MakeDict(std::move(kept)));
  }
  if (!labels.classes.empty()) add("classes", ToPickle(labels.classes));
  if (!labels.lengths.empty()) {
    PickleValue::Dict lengths;
    for (const auto& [name, steps] : labels.lengths) {
      KUR_ASSIGN_OR_RETURN(Array array, ToArray(steps));
      lengths.emplace_back(PickleValue(name), PickleValue(std::move(array)));
    }
    add("lengths", PickleValue::MakeDict(std::move(lengths)));
  }
  if (!labels.texts.empty()) add("texts", ToPickle(labels.texts));
  return FormatPickle(PickleValue::MakeDict(std::move(root)));
}

absl::StatusOr<std::string> FormatAsNpz(const Predictions& predictions) {
  NpzWriter npz;
  for (const auto& [name, column] : predictions.result) {
    KUR_ASSIGN_OR_RETURN(const Array array, column.ToArray());
    KUR_RETURN_IF_ERROR(npz.Add(name, array));
  }
  for (const auto& [name, column] : predictions.truth) {
    KUR_ASSIGN_OR_RETURN(const Array array, column.ToArray());
    KUR_RETURN_IF_ERROR(npz.Add(name + " expected", array));
  }
  const ResultLabels& labels = predictions.labels;
  if (!labels.samples.empty()) KUR_RETURN_IF_ERROR(npz.Add("sample", labels.samples));
  for (const auto& [name, texts] : labels.kept) {
    // An output of the same name is the same column.
    if (predictions.result.count(name) == 0) KUR_RETURN_IF_ERROR(npz.Add(name, texts));
  }
  for (const auto& [name, names] : labels.classes) {
    KUR_RETURN_IF_ERROR(npz.Add(name + " classes", names));
  }
  for (const auto& [name, steps] : labels.lengths) {
    KUR_ASSIGN_OR_RETURN(const Array array, ToArray(steps));
    KUR_RETURN_IF_ERROR(npz.Add(name + " length", array));
  }
  for (const auto& [name, texts] : labels.texts) {
    KUR_RETURN_IF_ERROR(npz.Add(name + " text", texts));
  }
  return std::move(npz).Finish();
}

int64_t BytesOf(const std::vector<int64_t>& sample_shape) {
  int64_t bytes = sizeof(float);
  for (const int64_t extent : sample_shape) bytes *= extent;
  return bytes;
}

// Copies samples of `from_size` bytes to the end of `to`, as samples of `to_size` bytes.
void AppendPadded(const uint8_t* from, int64_t count, int64_t from_size, int64_t to_size,
                  std::vector<uint8_t>* to) {
  for (int64_t i = 0; i < count; ++i) {
    to->insert(to->end(), from + i * from_size, from + (i + 1) * from_size);
    to->resize(to->size() + static_cast<size_t>(to_size - from_size));
  }
}

}  // namespace

void ResultColumn::Append(const std::vector<int64_t>& shape, int64_t count, const float* from) {
  if (bytes.empty()) sample_shape = shape;
  if (!shape.empty() && shape[0] > sample_shape[0]) {
    const int64_t size = BytesOf(sample_shape);
    const std::vector<uint8_t> shorter = std::move(bytes);
    bytes.clear();
    sample_shape = shape;
    AppendPadded(shorter.data(), static_cast<int64_t>(shorter.size()) / size, size, BytesOf(shape),
                 &bytes);
  }
  AppendPadded(reinterpret_cast<const uint8_t*>(from), count, BytesOf(shape), BytesOf(sample_shape),
               &bytes);
}

void AppendRows(const at::Tensor& tensor, ResultColumn* column) {
  const at::Tensor rows = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  column->Append(rows.sizes().slice(1).vec(), rows.size(0), rows.data_ptr<float>());
}

absl::StatusOr<Array> ResultColumn::ToArray() const {
  const int64_t row = BytesOf(sample_shape);
  std::vector<int64_t> shape = {static_cast<int64_t>(bytes.size()) / row};
  shape.insert(shape.end(), sample_shape.begin(), sample_shape.end());
  return Array::FromBytes(DType::kFloat32, std::move(shape),
                          Array::Bytes(bytes.data(), bytes.data() + bytes.size()));
}

std::string ResultFormatOf(const std::string& path) {
  for (const char* format : {"csv", "jsonl", "npz"}) {
    if (absl::EndsWith(path, absl::StrCat(".", format))) return format;
  }
  return "pkl";
}

absl::StatusOr<std::string> FormatResults(const Predictions& predictions,
                                          const std::string& format) {
  if (format == "csv") return FormatCsvTable(predictions);
  if (format == "jsonl") return FormatJsonTable(predictions);
  if (format == "npz") return FormatAsNpz(predictions);
  return FormatAsPickle(predictions);
}

}  // namespace kur
