// What `train` says of gradients and steps has the effect that it has in PyTorch.

#include <ATen/ops/empty.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/formats/pickle/pickle_writer.h"
#include "engine/train/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/engine/train/train_test_util.h"
#include "tests/testing/test_device.h"

namespace kur {
namespace {

using nlohmann::json;
using testing::FloatTensors;
using testing::RecordingObserver;
using testing::Workspace;

constexpr char kModel[] = R"(
model:
  - input: point
  - dense: 8
    name: hidden
    tag: first
  - activation: tanh
  - dense: 1
    name: above
loss:
  - target: above
    name: mean_squared_error
)";

const json& Cases() {
  static const auto* const kCases = new json([] {
    std::ifstream file(std::string(KUR_TEST_DATA_DIR) + "/engine/train/training_cases.json");
    return json::parse(file);
  }());
  return *kCases;
}

std::vector<float> Values(const json& packed) {
  return packed.at("data").get<std::vector<float>>();
}

void WriteStart(const Workspace& workspace) {
  PickleValue::Dict data;
  for (const auto& [name, packed] : Cases().at("data").items()) {
    data.emplace_back(PickleValue(name),
                      PickleValue(*Array::FromValues(packed.at("shape").get<std::vector<int64_t>>(),
                                                     Values(packed))));
  }
  workspace.Write("train.pkl", FormatPickle(PickleValue::MakeDict(std::move(data))));
  Checkpoint start;
  for (const auto& [name, packed] : Cases().at("start").items()) {
    at::Tensor tensor = at::empty(packed.at("shape").get<std::vector<int64_t>>(), at::kFloat);
    const auto values = Values(packed);
    std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
    start.weights[name] = tensor;
  }
  workspace.Write("start.w", *SerializeCheckpoint(start));
}

std::string Kurfile(const std::string& optimizer, const std::string& keys) {
  std::string more = absl::StrCat("\n  ", keys);
  for (size_t comma = more.find(", "); comma != std::string::npos;
       comma = more.find(", ", comma + 1)) {
    // Those outside of a dictionary.
    const std::string before = more.substr(0, comma);
    if (std::count(before.begin(), before.end(), '{') ==
        std::count(before.begin(), before.end(), '}')) {
      more.replace(comma, 2, "\n  ");
    }
  }
  return absl::StrCat(kModel, R"(
train:
  data: [{pickle: train.pkl}]
  provider: {batch_size: 8, randomize: no}
  epochs: 3
  weights: {initial: start.w, must_exist: yes, last: last.w}
  optimizer: )",
                      optimizer, more, "\n");
}

// The largest difference between the weights of a file and those of a case.
double Distance(const Workspace& workspace, const json& expected) {
  const FloatTensors weights = testing::WeightsIn(workspace.File("last.w"));
  double distance = 0;
  for (const auto& [name, packed] : expected.items()) {
    const std::vector<float> wanted = Values(packed);
    const std::vector<float>& actual = weights.at(name);
    EXPECT_EQ(actual.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
      distance = std::max<double>(distance, std::abs(actual[i] - wanted[i]));
    }
  }
  return distance;
}

TEST(TrainingCasesTest, EndWithTheWeightsOfPyTorch) {
  EXPECT_EQ(Cases().at("cases").size(), 13U);
  for (const json& run : Cases().at("cases")) {
    const std::string optimizer = run.at("optimizer");
    const std::string keys = run.at("keys");
    SCOPED_TRACE(optimizer + " " + keys);
    if (keys == "precision: bf16" && !testing::TestDeviceHasBf16()) continue;
    const Workspace workspace;
    WriteStart(workspace);
    RecordingObserver observer(workspace.path());
    const auto end = workspace.Run(Kurfile(optimizer, keys), &observer);
    ASSERT_TRUE(end.ok()) << end.status();
    const bool is_bf16 = keys == "precision: bf16";
    // Kernels of bf16 may round at other places, and those of torch 2 do.
    const bool rounds_as_torch_2 = is_bf16 && TORCH_VERSION_MAJOR >= 2;
    const json& weights = run.at(rounds_as_torch_2 ? "weights_of_torch_2" : "weights");
    EXPECT_LE(Distance(workspace, weights), is_bf16 ? 2e-3 : 1e-5);
    // Every case is another: none has the weights of the first.
    if (&run != &Cases().at("cases")[0]) {
      EXPECT_GE(Distance(workspace, Cases().at("cases")[0].at("weights")), 1e-4);
    }
  }
}

TEST(TrainingCasesTest, PrecisionIsThatOfTheForwardPassOnly) {
  const json& cases = Cases().at("cases");
  const json& bf16 = cases[cases.size() - 1];
  const Workspace workspace;
  WriteStart(workspace);
  RecordingObserver observer(workspace.path());
  ASSERT_TRUE(workspace.Run(Kurfile(bf16.at("optimizer"), ""), &observer).ok());
  EXPECT_GE(Distance(workspace, bf16.at("weights")), 1e-4);  // float32 gives others
}

TEST(TrainingCasesTest, Fp16NeedsAGpu) {
  if (testing::TestDevice() != "cpu") GTEST_SKIP() << "of processors";
  const Workspace workspace;
  WriteStart(workspace);
  RecordingObserver observer(workspace.path());
  const auto end = workspace.Run(Kurfile("adam", "precision: fp16"), &observer);
  EXPECT_THAT(std::string(end.status().message()),
              ::testing::HasSubstr("k.yml:20:14: error: train.precision: fp16 needs a GPU"));
}

// Images, sequences and numbers of words, with one number to tell from them.
void WriteSamples(const Workspace& workspace) {
  constexpr int64_t kSamples = 12;
  std::mt19937 generator(5);
  std::normal_distribution<float> normal;
  PickleValue::Dict dict;
  const auto add = [&](const char* name, std::vector<int64_t> shape, bool is_index) {
    shape.insert(shape.begin(), kSamples);
    int64_t count = 1;
    for (const int64_t extent : shape) count *= extent;
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i) {
      values.push_back(is_index ? static_cast<float>(i % 7) : normal(generator));
    }
    dict.emplace_back(PickleValue(name), PickleValue(*Array::FromValues(shape, values)));
  };
  add("image", {6, 6, 2}, false);
  add("sequence", {5, 4}, false);
  add("words", {5}, true);
  add("y", {1}, false);
  workspace.Write("train.pkl", FormatPickle(PickleValue::MakeDict(std::move(dict))));
}

// The losses of the epochs of a training.
std::vector<double> Losses(const Workspace& workspace, const std::string& layers,
                           const std::string& precision) {
  const std::string text = absl::StrCat("model:\n", layers, R"(
  - dense: 1
    name: y
loss: [{target: y, name: mean_squared_error}]
train:
  data: [{pickle: train.pkl}]
  provider: {batch_size: 4}
  optimizer: {name: sgd, learning_rate: 0.01}
  epochs: 2
  precision: )",
                                        precision, "\n");
  RecordingObserver observer(workspace.path());
  const auto end = workspace.Run(text, &observer);
  EXPECT_TRUE(end.ok()) << end.status();
  std::vector<double> losses;
  for (const EpochFinished& epoch : observer.epochs) losses.push_back(epoch.loss);
  return losses;
}

TEST(TrainingCasesTest, LayersOfEverySortTrainInBf16) {
  const Workspace workspace;
  WriteSamples(workspace);
  for (const char* layers : {
           "  - input: image\n  - convolution: {kernels: 4, size: [3, 3]}\n"
           "  - batch_normalization:\n  - activation: relu\n  - pool: {size: [2, 2]}\n"
           "  - convolution: {kernels: 3, size: [2, 2], highway: no}\n  - group_normalization: 3\n"
           "  - pool: {type: average}\n  - flatten:\n",
           "  - input: image\n  - upsample: [2, 2]\n  - transposed_convolution: {kernels: 2, size: "
           "[2, "
           "2]}"
           "\n  - activation: leakyrelu\n  - flatten:\n  - dropout: 0.1\n",
           "  - input: sequence\n  - recurrent: {size: 6, type: gru}\n"
           "  - recurrent: {size: 6, type: lstm, bidirectional: yes, sequence: no}\n",
           "  - input: sequence\n  - dense: 8\n  - recurrent: {size: 6, type: lstm}\n"
           "  - layer_normalization:\n  - recurrent: {size: 4, type: gru, sequence: no}\n",
           "  - input: words\n  - embedding: {vocab_size: 7, size: 8}\n  - positional_encoding:\n"
           "  - attention: {heads: 2}\n  - layer_normalization:\n  - activation: gelu\n"
           "  - flatten:\n",
       }) {
    SCOPED_TRACE(layers);
    const std::vector<double> exact = Losses(workspace, layers, "float32");
    const std::vector<double> rounded = Losses(workspace, layers, "bf16");
    ASSERT_EQ(exact.size(), 2U);
    ASSERT_EQ(rounded.size(), 2U);
    EXPECT_NEAR(rounded[1], exact[1], 0.05 * exact[1]);
    if (testing::TestDeviceHasBf16()) {
      EXPECT_NE(rounded[1], exact[1]);
    }
  }
}

}  // namespace
}  // namespace kur
