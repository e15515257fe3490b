// The modes test and evaluate.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/formats/pickle/pickle_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::RecordingObserver;
using ::testing::StartsWith;
using testing::Workspace;

constexpr char kKurfile[] = R"(
model:
  - input: point
  - dense: 8
  - batch_normalization:
  - activation: tanh
  - dropout: 0.5
  - dense: 1
    name: above
loss:
  - target: above
    name: mean_squared_error
train:
  data:
    - pickle: data.pkl
  epochs: 3
  weights: {last: last.w}
validate:
  data:
    - pickle: data.pkl
test:
  data:
    - pickle: data.pkl
  provider: {batch_size: 7}
  weights: last.w
evaluate:
  data:
    - pickle: data.pkl
  provider: {batch_size: 7}
  weights: last.w
  destination: results.pkl
)";

class TestAndEvaluateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    workspace_.WritePoints("data.pkl", 20);
    ASSERT_TRUE(Run(Mode::kTrain, &trained_).ok());
  }

  absl::StatusOr<RunOutcome> Run(Mode mode, RecordingObserver* observer,
                                 const std::string& kurfile = kKurfile) const {
    RunOptions options;
    options.mode = mode;
    return workspace_.Run(kurfile, observer, options);
  }

  Workspace workspace_;
  RecordingObserver trained_{workspace_.path()};
  RecordingObserver observer_{workspace_.path()};
};

TEST_F(TestAndEvaluateTest, TestingMeasuresWhatValidationMeasured) {
  ASSERT_EQ(*Run(Mode::kTest, &observer_), RunOutcome::kSucceeded);
  ASSERT_EQ(observer_.evaluations.size(), 1U);
  const EvaluationResult& measured = observer_.evaluations[0];
  const EvaluationResult& validated = trained_.evaluations.back();
  EXPECT_EQ(measured.section, "test");
  EXPECT_EQ(measured.samples, 20);
  // The batches differ, the sum over the samples does not.
  EXPECT_NEAR(measured.loss, validated.loss, 1e-6);
  EXPECT_NEAR(measured.metrics.at("mean_absolute_error"),
              validated.metrics.at("mean_absolute_error"), 1e-6);
  EXPECT_EQ(observer_.started[0].samples, 20);
  EXPECT_THAT(observer_.written, IsEmpty());
}

TEST_F(TestAndEvaluateTest, EvaluationWritesResultsAndTruthInTheOrderOfTheData) {
  ASSERT_EQ(*Run(Mode::kEvaluate, &observer_), RunOutcome::kSucceeded);
  ASSERT_EQ(observer_.written.size(), 1U);
  EXPECT_EQ(observer_.written[0].info.kind, ArtifactInfo::Kind::kResult);
  const auto results = ReadPickle(workspace_.File("results.pkl"));
  const auto data = ReadPickle(workspace_.File("data.pkl"));
  ASSERT_TRUE(results.ok()) << results.status();
  const Array& given = results->Find("result")->Find("above")->as_array();
  const Array& truth = results->Find("truth")->Find("above")->as_array();
  const Array& expected = data->Find("above")->as_array();
  EXPECT_EQ(given.shape(), expected.shape());
  ASSERT_EQ(truth.shape(), expected.shape());
  double loss = 0;
  for (int64_t i = 0; i < expected.count(); ++i) {
    EXPECT_EQ(truth.At(i), expected.At(i));
    const double error = given.At(i) - expected.At(i);
    loss += error * error / static_cast<double>(expected.count());
  }
  EXPECT_NEAR(loss, trained_.evaluations.back().loss, 1e-5);
}

TEST_F(TestAndEvaluateTest, EvaluationWritesATable) {
  const std::string text = absl::StrReplaceAll(
      kKurfile, {{"destination: results.pkl", "destination: {path: results.csv, format: csv}"}});
  ASSERT_TRUE(Run(Mode::kEvaluate, &observer_, text).ok());
  const std::string& table = observer_.written[0].content;
  EXPECT_THAT(table, StartsWith("above,above expected\r\n"));
  const std::vector<std::string> lines = absl::StrSplit(table, "\r\n");
  EXPECT_EQ(lines.size(), 22U);  // the titles, 20 rows, and nothing behind the last line end
}

TEST_F(TestAndEvaluateTest, WeightsThatAreNamedMustBeThere) {
  const std::string text = absl::StrReplaceAll(kKurfile, {{"weights: last.w", "weights: none.w"}});
  for (const Mode mode : {Mode::kTest, Mode::kEvaluate}) {
    const auto end = Run(mode, &observer_, text);
    EXPECT_THAT(std::string(end.status().message()), HasSubstr("none.w"));
  }
  EXPECT_THAT(observer_.started, IsEmpty());
}

TEST_F(TestAndEvaluateTest, WithoutWeightsThereIsAWarning) {
  const std::string text = absl::StrReplaceAll(kKurfile, {{"  weights: last.w\n", ""}});
  ASSERT_TRUE(Run(Mode::kEvaluate, &observer_, text).ok());
  EXPECT_THAT(observer_.logs, Contains(Pair(LogLevel::kWarning, HasSubstr("names no weights"))));
}

TEST_F(TestAndEvaluateTest, AnEvaluationThatGivesNothingIsRefused) {
  const std::string text = absl::StrReplaceAll(
      kKurfile, {{"  weights: last.w\n", ""}, {"  destination: results.pkl\n", ""}});
  const auto end = Run(Mode::kEvaluate, &observer_, text);
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("name a destination"));
  EXPECT_THAT(observer_.started, IsEmpty());
}

TEST_F(TestAndEvaluateTest, BothCanBeCancelled) {
  for (const Mode mode : {Mode::kTest, Mode::kEvaluate}) {
    RecordingObserver observer(workspace_.path());
    observer.cancel_after_batches = 0;
    EXPECT_EQ(*Run(mode, &observer), RunOutcome::kCancelled);
    EXPECT_THAT(observer.evaluations, IsEmpty());
    EXPECT_THAT(observer.written, IsEmpty());
  }
}

TEST_F(TestAndEvaluateTest, BothRefuseToWriteACheckpointAndGoOn) {
  for (const Mode mode : {Mode::kTest, Mode::kEvaluate}) {
    RecordingObserver observer(workspace_.path());
    observer.checkpoint_after_batches = 0;
    EXPECT_EQ(*Run(mode, &observer), RunOutcome::kSucceeded);
    ASSERT_EQ(observer.commands_done.size(), 1U);
    EXPECT_EQ(observer.commands_done[0].second.code(), absl::StatusCode::kFailedPrecondition);
  }
}

TEST_F(TestAndEvaluateTest, AModeThatTheKurfileLacksIsAnError) {
  const std::string text(kKurfile, std::string(kKurfile).find("test:"));
  EXPECT_THAT(std::string(Run(Mode::kTest, &observer_, text).status().message()),
              HasSubstr("test"));
}

}  // namespace
}  // namespace kur
