#include "engine/data/speech/feature_normalizer.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "engine/data/speech/feature_statistics.h"
#include "nlohmann/json.hpp"
#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using nlohmann::json;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

const json& Golden() {
  static const auto* const kGolden =
      new json(json::parse(ReadFile(FixturePath("../audio_cases.json"))).at("normalization"));
  return *kGolden;
}

AudioFeatures Rows(const std::vector<float>& values, int64_t first, int64_t count, int64_t width) {
  const auto begin = values.begin() + first * width;
  return {count, width, {begin, begin + count * width}};
}

// Returns the 40 frames of the golden data, cut into recordings.
FeatureStatistics Learn(const std::vector<int64_t>& lengths) {
  const auto values = Golden().at("data").at("data").get<std::vector<float>>();
  FeatureStatisticsLearner learner;
  int64_t first = 0;
  for (const int64_t length : lengths) {
    learner.Add(Rows(values, first, length, 5));
    first += length;
  }
  auto statistics = learner.Finish();
  EXPECT_TRUE(statistics.ok()) << statistics.status();
  return *statistics;
}

std::vector<double> Flat(const json& matrix) {
  std::vector<double> values;
  for (const json& row : matrix) {
    for (const double value : row) values.push_back(value);
  }
  return values;
}

void ExpectGolden(const FeatureStatistics& statistics) {
  EXPECT_THAT(statistics.mean,
              Pointwise(DoubleNear(1e-9), Golden().at("mean").get<std::vector<double>>()));
  EXPECT_THAT(statistics.stddev,
              Pointwise(DoubleNear(1e-9), Golden().at("stddev").get<std::vector<double>>()));
  // The axes without variance are not unique; only their number is.
  const std::vector<double> axes = Flat(Golden().at("Vt"));
  for (size_t i = 0; i < 20; ++i) EXPECT_NEAR(statistics.axes[i], axes[i], 1e-9) << i;
  ASSERT_EQ(statistics.inverse_deviations.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    const double value = Golden().at("S")[i][i];
    EXPECT_NEAR(statistics.inverse_deviations[i], value, 1e-9 * (1 + value)) << i;
  }
}

TEST(FeatureStatisticsTest, AreThoseOfNumPyHoweverTheFramesAreCut) {
  ExpectGolden(Learn({40}));
  ExpectGolden(Learn({1, 13, 0, 26}));
}

TEST(FeatureStatisticsTest, NeedTwoFrames) {
  FeatureStatisticsLearner learner;
  EXPECT_THAT(learner.Finish(), FailsWith(kInvalid, "at least two frames"));
  learner.Add({1, 2, {1, 2}});
  EXPECT_THAT(learner.Finish(), FailsWith(kInvalid, "at least two frames"));
}

TEST(FeatureStatisticsTest, FramesThatDoNotVaryBecomeZero) {
  FeatureStatisticsLearner learner;
  AudioFeatures features{3, 2, {-32.236191f, 0.1f, -32.236191f, 0.1f, -32.236191f, 0.1f}};
  learner.Add(features);
  const auto statistics = learner.Finish();
  ASSERT_TRUE(statistics.ok());
  EXPECT_THAT(statistics->stddev, ElementsAre(1, 1));
  for (const Rotation rotation : {Rotation::kNone, Rotation::kZca, Rotation::kPca}) {
    AudioFeatures copy = features;
    FeatureNormalizer(*statistics, {true, true, rotation}).Apply(&copy);
    for (const float value : copy.values) EXPECT_NEAR(value, 0, 1e-5);
  }
}

TEST(FeatureStatisticsTest, AreWrittenAndRead) {
  const FeatureStatistics written = Learn({40});
  const std::string text = FormatStatistics(written);
  const auto read = ParseStatistics(text, "norm.yml");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->mean, written.mean);
  EXPECT_EQ(read->stddev, written.stddev);
  EXPECT_EQ(read->axes, written.axes);
  EXPECT_EQ(read->inverse_deviations, written.inverse_deviations);
  EXPECT_EQ(FormatStatistics(*read), text);
}

TEST(FeatureStatisticsTest, SmallNumbersAreWrittenSoThatPythonReadsThem) {
  FeatureStatistics statistics;
  statistics.mean = {1e-7};
  statistics.stddev = {1.5e-7};
  statistics.axes = {1};
  statistics.inverse_deviations = {1e22};
  EXPECT_EQ(FormatStatistics(statistics),
            "S:\n- [1.0e+22]\nVt:\n- [1.0]\nmean: [1.0e-07]\nstddev: [1.5e-07]\n");
}

TEST(FeatureStatisticsTest, FilesOfKurAreRead) {
  // Block style, and fewer deviations than axes, as from two frames.
  const auto statistics = ParseStatistics(
      "S:\n- - 2.0\nVt:\n- - 0.6\n  - 0.8\n- - -0.8\n  - 0.6\nmean:\n- 1\n- 2.5\nstddev: [3, 4]\n",
      "norm.yml");
  ASSERT_TRUE(statistics.ok()) << statistics.status();
  EXPECT_THAT(statistics->mean, ElementsAre(1, 2.5));
  EXPECT_THAT(statistics->axes, ElementsAre(0.6, 0.8, -0.8, 0.6));
  EXPECT_THAT(statistics->inverse_deviations, ElementsAre(2, 0));
}

TEST(FeatureStatisticsTest, OtherFilesAreRefused) {
  const std::string good = "mean: [1, 2]\nstddev: [1, 1]\nVt: [[1, 0], [0, 1]]\nS: ";
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"", "the key 'mean' is missing"},
           {"{}", "the key 'mean' is missing"},
           {"[1, 2]", "the key 'mean' is missing"},
           {"mean: [1", "norm.yml:1"},
           {good, "S must be a matrix of up to 2 rows, but is null"},
           {good + "[[1, 0], [0, 1], [0, 0]]", "S must be a matrix of up to 2 rows"},
           {good + "[[1, 0], [0]]", "the rows of S differ in length"},
           {good + "[[1, 0]]", "do not fit together: mean 2, stddev 2, S 1 x 2, Vt 2 x 2"},
           {good + "[[x]]", "a row of S must hold numbers, but holds \"x\""},
           {good + "[[.nan]]", "must hold numbers"},
           {"mean: [1]\nstddev: [0]\nVt: [[1]]\nS: [[1]]", "stddev must not hold 0"},
           {"mean: [1]\nstddev: [1, 1]\nVt: [[1]]\nS: [[1]]", "do not fit together"},
           {"mean: 1\nstddev: [1, 1]\nVt: [[1]]\nS: [[1]]", "mean must be a list of numbers"}}) {
    SCOPED_TRACE(text);
    EXPECT_THAT(ParseStatistics(text, "norm.yml"), FailsWith(kInvalid, message));
    EXPECT_THAT(ParseStatistics(text, "norm.yml"), FailsWith(kInvalid, "norm.yml"));
  }
}

TEST(FeatureNormalizerTest, LargeMeansOfSmallDeviationKeepTheirPrecision) {
  FeatureStatisticsLearner learner;
  // Floats at 100 are 2^-17 apart; the mean lies between two of them.
  constexpr float kStep = 1.0F / (1 << 17);
  const AudioFeatures features{4, 1, {100, 100 + kStep, 100, 100 + kStep}};
  learner.Add(features);
  const auto statistics = learner.Finish();
  ASSERT_TRUE(statistics.ok());
  AudioFeatures copy = features;
  FeatureNormalizer(*statistics, {true, true, Rotation::kNone}).Apply(&copy);
  // Half a step from the mean, by a deviation of sqrt(4 / 3) / 2 steps.
  EXPECT_THAT(copy.values,
              Pointwise(FloatNear(1e-5F), {-0.8660254F, 0.8660254F, -0.8660254F, 0.8660254F}));
}

TEST(FeatureNormalizerTest, DoesWhatNumPyDoes) {
  const FeatureStatistics statistics = Learn({40});
  const auto values = Golden().at("data").at("data").get<std::vector<float>>();
  ASSERT_EQ(Golden().at("results").size(), 12u);
  for (const json& test : Golden().at("results")) {
    const std::string rotate = test.at("rotate");
    SCOPED_TRACE(absl::StrCat(rotate, " scale ", test.at("scale").dump(), " center ",
                              test.at("center").dump()));
    FeatureNormalizer::Options options;
    options.center = test.at("center");
    options.scale = test.at("scale");
    options.rotation = rotate == "zca"   ? Rotation::kZca
                       : rotate == "pca" ? Rotation::kPca
                                         : Rotation::kNone;
    AudioFeatures features = Rows(values, 0, 3, 5);
    const FeatureNormalizer normalizer(statistics, options);
    EXPECT_EQ(normalizer.width(), 5);
    normalizer.Apply(&features);
    const auto expected = test.at("output").at("data").get<std::vector<float>>();
    EXPECT_THAT(features.values, Pointwise(FloatNear(2e-5f), expected));
  }
}

}  // namespace
}  // namespace kur
