#include "engine/train/results.h"

#include <array>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "engine/formats/pickle/pickle_value.h"
#include "engine/formats/pickle/pickle_writer.h"

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

// One column of the table: where its numbers are.
struct CsvColumn {
  std::string title;
  Array array;
  int64_t width;
  int64_t element;
};

// The shortest text that reads back as the same number.
std::string Shortest(float value) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.begin(), text.end(), value);
  return std::string(text.begin(), end);
}

std::string Quoted(const std::string& title) {
  if (title.find_first_of(",\"\r\n") == std::string::npos) return title;
  return absl::StrCat("\"", absl::StrReplaceAll(title, {{"\"", "\"\""}}), "\"");
}

absl::Status AppendColumns(const Columns& columns, const std::string& suffix,
                           std::vector<CsvColumn>* to) {
  for (const auto& [name, column] : columns) {
    KUR_ASSIGN_OR_RETURN(const Array array, column.ToArray());
    int64_t width = 1;
    for (const int64_t extent : column.sample_shape) width *= extent;
    for (int64_t element = 0; element < width; ++element) {
      const std::string index = width == 1 ? "" : absl::StrCat("[", element, "]");
      to->push_back({Quoted(absl::StrCat(name, index, suffix)), array, width, element});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FormatCsv(const Predictions& predictions) {
  std::vector<CsvColumn> columns;
  KUR_RETURN_IF_ERROR(AppendColumns(predictions.result, "", &columns));
  KUR_RETURN_IF_ERROR(AppendColumns(predictions.truth, " expected", &columns));
  std::string text = absl::StrJoin(
      columns, ",", [](std::string* out, const CsvColumn& column) { out->append(column.title); });
  text += "\r\n";
  const int64_t rows = columns.empty() ? 0 : columns[0].array.shape()[0];
  for (int64_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const double value = columns[i].array.At(row * columns[i].width + columns[i].element);
      absl::StrAppend(&text, i == 0 ? "" : ",", Shortest(static_cast<float>(value)));
    }
    text += "\r\n";
  }
  return text;
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

absl::StatusOr<std::string> FormatResults(const Predictions& predictions,
                                          const std::string& format) {
  if (format == "csv") return FormatCsv(predictions);
  KUR_ASSIGN_OR_RETURN(PickleValue result, ToPickle(predictions.result));
  PickleValue::Dict root;
  root.emplace_back(PickleValue("result"), std::move(result));
  if (!predictions.truth.empty()) {
    KUR_ASSIGN_OR_RETURN(PickleValue truth, ToPickle(predictions.truth));
    root.emplace_back(PickleValue("truth"), std::move(truth));
  }
  return FormatPickle(PickleValue::MakeDict(std::move(root)));
}

}  // namespace kur
