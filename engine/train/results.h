#ifndef KUR_ENGINE_TRAIN_RESULTS_H_
#define KUR_ENGINE_TRAIN_RESULTS_H_

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/formats/array.h"

namespace kur {

// Rows of numbers that are collected batch by batch. Where the first axis of a sample varies from
// batch to batch, zeros make all samples as long as the longest.
struct ResultColumn {
  std::vector<int64_t> sample_shape;
  std::vector<uint8_t> bytes;  // float32, row-major

  // Adds `count` samples of the shape `shape`, which lie at `from` in row-major order.
  // Precondition: it is the shape of the samples before, but for the first extent.
  void Append(const std::vector<int64_t>& shape, int64_t count, const float* from);

  // Returns the rows as an array (samples, sample_shape...).
  absl::StatusOr<Array> ToArray() const;
};

// Adds the rows of `tensor`, (samples, sample_shape...).
void AppendRows(const at::Tensor& tensor, ResultColumn* column);

// What a model gave for a set of data, by the name of the output; `truth` is empty where the data
// has none.
struct Predictions {
  std::map<std::string, ResultColumn> result;
  std::map<std::string, ResultColumn> truth;
};

// Formats predictions as the file that Kur writes: "pkl" is a Python pickle of {'result': {name:
// array}, 'truth': {...}}, "csv" a table with a column for each output and each truth ("NAME
// expected"); an output of several numbers gets a column for each ("NAME[3]").
absl::StatusOr<std::string> FormatResults(const Predictions& predictions,
                                          const std::string& format);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_RESULTS_H_
