#ifndef KUR_ENGINE_TRAIN_RESULTS_H_
#define KUR_ENGINE_TRAIN_RESULTS_H_

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/formats/array.h"
#include "engine/hooks/result_labels.h"

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
  ResultLabels labels;
};

// Returns the format of results that a file's name means: that of its extension, "csv", "jsonl" or
// "npz", else "pkl".
std::string ResultFormatOf(const std::string& path);

// Formats predictions as a file:
// - "pkl", as Kur writes it: a Python pickle of {'result': {name: array}, 'truth': {...}}, with the
//   labels that there are as {'samples': [...]}, {'kept': {name: [...]}}, {'classes': {output:
//   [...]}}, {'lengths': {output: array}} and {'texts': {output: [...]}};
// - "npz": the arrays NAME and "NAME expected", and of the labels "sample", "NAME length", "NAME
//   text", "NAME classes" and the columns kept;
// - "csv" and "jsonl": see FormatTable().
absl::StatusOr<std::string> FormatResults(const Predictions& predictions,
                                          const std::string& format);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_RESULTS_H_
