// Training on samples whose first axis varies.

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/file_system.h"
#include "engine/formats/pickle/pickle_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RecordingObserver;
using testing::Workspace;

constexpr char kRecurrent[] = R"(
model:
  - input: steps
  - recurrent: {size: 8, type: gru, sequence: no}
  - dense: 1
    name: mean
loss:
  - {target: mean, name: mean_squared_error}
)";

constexpr char kSections[] = R"(
train:
  data:
    - jsonl: train.jsonl
  provider: {batch_size: 8}
  optimizer: {name: adam, learning_rate: 0.02}
  epochs: 30
  weights: {last: last.w}
validate:
  data:
    - jsonl: validate.jsonl
evaluate:
  data:
    - jsonl: validate.jsonl
  provider: {batch_size: 7}
  weights: last.w
  destination: results.pkl
)";

// Samples of 1 to 6 steps of two numbers, the mean of the first ones, and every step's sum.
std::string Sequences(int samples, uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::string text;
  for (int i = 0; i < samples; ++i) {
    const int length = 1 + i % 6;
    std::vector<std::string> steps;
    std::vector<float> sums;
    float mean = 0;
    for (int step = 0; step < length; ++step) {
      const float x = uniform(generator);
      const float y = uniform(generator);
      steps.push_back(absl::StrCat("[", x, ", ", y, "]"));
      sums.push_back(x + y);
      mean += x / static_cast<float>(length);
    }
    absl::StrAppend(&text, "{\"steps\": [", absl::StrJoin(steps, ", "), "], \"mean\": ", mean,
                    ", \"sums\": [[", absl::StrJoin(sums, "], ["), "]]}\n");
  }
  return text;
}

class RaggedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    workspace_.Write("train.jsonl", Sequences(48, 1));
    workspace_.Write("validate.jsonl", Sequences(12, 2));
  }

  Workspace workspace_;
  RecordingObserver observer_{workspace_.path()};
};

TEST_F(RaggedTest, ARecurrentLayerLearnsFromSequencesOfSeveralLengths) {
  const auto end = workspace_.Run(absl::StrCat(kRecurrent, kSections), &observer_);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(observer_.epochs.size(), 30U);
  EXPECT_LT(observer_.epochs.back().loss, 0.5 * observer_.epochs.front().loss);
  EXPECT_EQ(observer_.evaluations.back().samples, 12);
}

TEST_F(RaggedTest, ATruthMayVaryWithTheOutput) {
  const std::string kurfile = absl::StrCat(R"(
model:
  - input: steps
  - parallel:
      apply:
        - dense: 1
    name: sums
loss:
  - {target: sums, name: mean_squared_error}
)",
                                           kSections);
  const auto end = workspace_.Run(kurfile, &observer_);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_LT(observer_.epochs.back().loss, 0.05);
  RunOptions options;
  options.mode = Mode::kEvaluate;
  RecordingObserver evaluation(workspace_.path());
  const auto evaluated = workspace_.Run(kurfile, &evaluation, options);
  ASSERT_TRUE(evaluated.ok()) << evaluated.status();
  const auto results = ReadPickle(workspace_.File("results.pkl"));
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_THAT(results->Find("truth")->Find("sums")->as_array().shape(), ElementsAre(12, 6, 1));
  EXPECT_THAT(results->Find("result")->Find("sums")->as_array().shape(), ElementsAre(12, 6, 1));
}

TEST_F(RaggedTest, ATruthThatVariesDoesNotFitAnOutputThatDoesNot) {
  const auto end = workspace_.Run(absl::StrCat(R"(
model:
  - input: steps
  - recurrent: {size: 3, sequence: no}
  - expand: 1
    name: sums
loss:
  - {target: sums, name: mean_squared_error}
)",
                                               kSections),
                                  &observer_);
  EXPECT_THAT(std::string(end.status().message()),
              HasSubstr("the output 'sums' is (3, 1), so that mean_squared_error needs samples of "
                        "(3, 1) in the data of the name 'sums', but they are (?, 1)"));
}

TEST_F(RaggedTest, ALayerThatNeedsTheLengthSaysSo) {
  const auto end = workspace_.Run(absl::StrCat(R"(
model:
  - input: steps
  - flatten:
  - dense: 1
    name: mean
loss:
  - {target: mean, name: mean_squared_error}
)",
                                               kSections),
                                  &observer_);
  EXPECT_FALSE(end.ok());
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("k.yml:"));
}

}  // namespace
}  // namespace kur
