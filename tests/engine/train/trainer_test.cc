// Training as a Kurfile describes it, on a model small enough to train in milliseconds.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/file_system.h"
#include "engine/train/kur_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"
#include "tests/testing/test_device.h"

namespace kur {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::RecordingObserver;
using testing::WeightsIn;
using testing::Workspace;

constexpr char kModel[] = R"(
model:
  - input: point
  - dense: 8
  - activation: tanh
  - dense: 1
    name: above
loss:
  - target: above
    name: mean_squared_error
)";

constexpr char kTrain[] = R"(
train:
  data:
    - pickle: train.pkl
  provider: {batch_size: 8}
  optimizer: {name: adam, learning_rate: 0.02}
)";

constexpr char kValidate[] = R"(
validate:
  data:
    - pickle: validate.pkl
  provider: {batch_size: 4}
  weights: best-validation.w
)";

class TrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    workspace_.WritePoints("train.pkl", 20, 1);  // three batches: 8, 8 and 4
    workspace_.WritePoints("validate.pkl", 10, 2);
  }

  // Trains with `more` keys of the train section, and further sections.
  absl::StatusOr<RunOutcome> Train(const std::string& more, RecordingObserver* observer,
                                   const std::string& sections = "") const {
    RunOptions options;
    options.seed = 5;
    return workspace_.Run(absl::StrCat(kModel, kTrain, more, "\n", sections), observer, options);
  }

  std::string File(const std::string& name) const { return workspace_.File(name); }

  Workspace workspace_;
  RecordingObserver observer_{workspace_.path()};
};

TEST_F(TrainerTest, TrainsEveryBatchOfEveryEpoch) {
  ASSERT_EQ(*Train("  epochs: 2", &observer_), RunOutcome::kSucceeded);
  ASSERT_EQ(observer_.started.size(), 1U);
  EXPECT_EQ(observer_.started[0].parameters, 2 * 8 + 8 + 8 + 1);
  EXPECT_EQ(observer_.started[0].layers, 4);
  EXPECT_EQ(observer_.started[0].samples, 20);
  EXPECT_EQ(observer_.started[0].resumed_at_batch, 0);
  EXPECT_EQ(observer_.started[0].device, testing::TestDevice());
  EXPECT_EQ(observer_.started[0].threads, 1);
  ASSERT_EQ(observer_.epochs_started.size(), 2U);
  EXPECT_EQ(observer_.epochs_started[1].epoch, 2);
  EXPECT_EQ(observer_.epochs_started[1].last_epoch, 2);
  EXPECT_EQ(observer_.epochs_started[1].batches, 3);
  EXPECT_EQ(observer_.epochs_started[1].samples, 20);
  ASSERT_EQ(observer_.batches.size(), 6U);
  const BatchDone& last = observer_.batches[5];
  EXPECT_EQ(last.epoch, 2);
  EXPECT_EQ(last.batch, 3);
  EXPECT_EQ(last.size, 4);
  EXPECT_EQ(last.samples, 20);
  // An epoch's loss weighs batches by their samples.
  double sum = 0;
  for (size_t i = 3; i < 6; ++i) {
    sum += observer_.batches[i].loss * static_cast<double>(observer_.batches[i].size);
  }
  EXPECT_DOUBLE_EQ(last.mean_loss, sum / 20);
  ASSERT_EQ(observer_.epochs.size(), 2U);
  EXPECT_EQ(observer_.epochs[1].epoch, 2);
  EXPECT_DOUBLE_EQ(observer_.epochs[1].loss, sum / 20);
  EXPECT_THAT(observer_.epochs[1].losses,
              ElementsAre(Pair("above", ::testing::DoubleEq(sum / 20))));
  EXPECT_EQ(observer_.epochs[1].samples, 20);
  EXPECT_THAT(observer_.written, IsEmpty());
}

TEST_F(TrainerTest, LearnsWhatTheDataSays) {
  workspace_.WritePoints("train.pkl", 200, 3);
  ASSERT_TRUE(Train("  epochs: 40", &observer_).ok());
  EXPECT_LT(observer_.epochs.back().loss, 0.3);
  EXPECT_GT(observer_.epochs.front().loss, 1.3 * observer_.epochs.back().loss);
}

TEST_F(TrainerTest, IsAFunctionOfTheSeed) {
  const auto losses = [&](uint64_t seed) {
    RecordingObserver observer(workspace_.path());
    RunOptions options;
    options.seed = seed;
    EXPECT_TRUE(
        workspace_.Run(absl::StrCat(kModel, kTrain, "  epochs: 2"), &observer, options).ok());
    std::vector<double> batches;
    for (const BatchDone& batch : observer.batches) batches.push_back(batch.loss);
    return batches;
  };
  EXPECT_EQ(losses(1), losses(1));
  EXPECT_NE(losses(1), losses(2));
}

TEST_F(TrainerTest, NoEpochsTrainNothingButWriteTheLastWeights) {
  ASSERT_EQ(*Train("  epochs: 0\n  weights: {last: last.w}", &observer_), RunOutcome::kSucceeded);
  EXPECT_THAT(observer_.batches, IsEmpty());
  EXPECT_THAT(observer_.Descriptions(), ElementsAre("last weights"));
}

TEST_F(TrainerTest, StopsWhenTheTimeIsOver) {
  // Shorter than any batch, so one batch is trained, and the run ends in the middle of the epoch.
  ASSERT_EQ(*Train("  stop_when: {elapsed: {minutes: 0.000000001}}\n  weights: {last: last.w}",
                   &observer_),
            RunOutcome::kSucceeded);
  EXPECT_LE(observer_.batches.size(), 1U);
  EXPECT_THAT(observer_.epochs, IsEmpty());
  EXPECT_THAT(observer_.Descriptions(), ElementsAre("last weights"));
}

TEST_F(TrainerTest, AdditionalEpochsComeOnTopOfThoseOfTheLog) {
  for (int run = 0; run < 2; ++run) ASSERT_TRUE(Train("  epochs: 2\n  log: log", &observer_).ok());
  ASSERT_EQ(observer_.epochs.size(), 4U);
  EXPECT_EQ(observer_.epochs.back().epoch, 4);
  EXPECT_EQ(observer_.epochs_started.back().last_epoch, 4);
}

TEST_F(TrainerTest, TotalEpochsCountThoseOfTheLog) {
  const std::string three = "  stop_when: {epochs: 3, mode: total}\n  log: log";
  ASSERT_TRUE(Train("  epochs: 2\n  log: log", &observer_).ok());
  ASSERT_TRUE(Train(three, &observer_).ok());
  EXPECT_EQ(observer_.epochs.size(), 3U);
  ASSERT_TRUE(Train(three, &observer_).ok());
  EXPECT_EQ(observer_.epochs.size(), 3U);
}

TEST_F(TrainerTest, TotalWithoutALogIsAWarning) {
  ASSERT_TRUE(Train("  stop_when: {epochs: 1, mode: total}", &observer_).ok());
  EXPECT_EQ(observer_.epochs.size(), 1U);
  EXPECT_THAT(observer_.logs, Contains(Pair(LogLevel::kWarning, HasSubstr("needs a log"))));
}

TEST_F(TrainerTest, WritesBestAndLastWeights) {
  ASSERT_TRUE(Train("  epochs: 3\n  weights: {best: best.w, last: last.w}", &observer_).ok());
  std::vector<std::string> expected;
  double best = 1e9;
  for (const EpochFinished& epoch : observer_.epochs) {
    if (epoch.loss < best) expected.emplace_back("best training loss");
    best = std::min(best, epoch.loss);
  }
  expected.emplace_back("last weights");
  EXPECT_EQ(observer_.Descriptions(), expected);
  const ArtifactInfo& last = observer_.written.back().info;
  EXPECT_EQ(last.file.path, "last.w");
  EXPECT_EQ(last.kind, ArtifactInfo::Kind::kCheckpoint);
  EXPECT_EQ(last.epoch, 3);
  EXPECT_EQ(last.batch, 9);
}

TEST_F(TrainerTest, GoesOnFromInitialWeightsWithTheStateOfTheOptimizer) {
  ASSERT_TRUE(Train("  epochs: 1\n  weights: {last: a.w}", &observer_).ok());
  ASSERT_TRUE(Train("  epochs: 0\n  weights: {initial: a.w, last: b.w}", &observer_).ok());
  EXPECT_EQ(WeightsIn(File("a.w")), WeightsIn(File("b.w")));
  EXPECT_EQ(testing::OptimizerStateIn(File("a.w")), testing::OptimizerStateIn(File("b.w")));
  EXPECT_THAT(observer_.LogText(),
              HasSubstr("going on from the weights a.w, with the state of the optimizer"));
  // One epoch and another are two epochs, whoever trains them.
  ASSERT_TRUE(Train("  epochs: 1\n  weights: {initial: a.w, last: b.w}", &observer_).ok());
  ASSERT_TRUE(Train("  epochs: 2\n  weights: {last: c.w}", &observer_).ok());
  EXPECT_EQ(WeightsIn(File("b.w")), WeightsIn(File("c.w")));
}

TEST_F(TrainerTest, GoesOnFromACheckpointOfAnEpochWithTheNextEpoch) {
  ASSERT_TRUE(Train("  epochs: 2\n  checkpoint: c.w", &observer_).ok());
  RecordingObserver observer(workspace_.path());
  ASSERT_TRUE(Train("  epochs: 1\n  weights: {initial: c.w}", &observer).ok());
  ASSERT_EQ(observer.epochs.size(), 1U);
  EXPECT_EQ(observer.epochs[0].epoch, 3);
  EXPECT_EQ(observer.epochs_started[0].last_epoch, 3);
}

TEST_F(TrainerTest, BeginsWithFreshWeightsWhereTheInitialOnesAreMissing) {
  ASSERT_TRUE(Train("  epochs: 0\n  weights: {initial: none.w}", &observer_).ok());
  EXPECT_THAT(observer_.LogText(), HasSubstr("no weights at none.w yet"));
}

TEST_F(TrainerTest, InitialWeightsThatMustExistHaveTo) {
  const auto end = Train("  weights: {initial: none.w, must_exist: yes}", &observer_);
  EXPECT_EQ(end.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("none.w"));
  EXPECT_THAT(observer_.batches, IsEmpty());
}

TEST_F(TrainerTest, InitialWeightsOfAnotherModelAreAnError) {
  ASSERT_TRUE(Train("  epochs: 0\n  weights: {last: a.w}", &observer_).ok());
  RecordingObserver observer(workspace_.path());
  const auto end =
      workspace_.Run(absl::StrReplaceAll(absl::StrCat(kModel, kTrain, "  weights: {initial: a.w}"),
                                         {{"dense: 8", "dense: 9"}}),
                     &observer);
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("of another model"));
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("k.yml"));
}

TEST_F(TrainerTest, DamagedInitialWeightsAreAnError) {
  workspace_.Write("a.w", "these are no weights");
  const auto end = Train("  weights: {initial: a.w}", &observer_);
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("the initial weights a.w"));
}

TEST_F(TrainerTest, ValidatesAfterEveryEpochAndKeepsTheBestWeights) {
  ASSERT_TRUE(Train("  epochs: 3", &observer_, kValidate).ok());
  ASSERT_EQ(observer_.evaluations.size(), 3U);
  size_t improvements = 0;
  double best = 1e9;
  for (size_t i = 0; i < 3; ++i) {
    const EvaluationResult& measured = observer_.evaluations[i];
    EXPECT_EQ(measured.section, "validate");
    EXPECT_EQ(measured.set, "");
    EXPECT_EQ(measured.epoch, static_cast<int64_t>(i) + 1);
    EXPECT_EQ(measured.samples, 10);
    EXPECT_THAT(measured.losses, ElementsAre(Pair("above", measured.loss)));
    EXPECT_EQ(measured.metrics.count("mean_absolute_error"), 1U);
    improvements += measured.loss < best ? 1 : 0;
    best = std::min(best, measured.loss);
  }
  EXPECT_THAT(observer_.Descriptions(), ::testing::Each("best validation loss"));
  EXPECT_EQ(observer_.written.size(), improvements);
}

TEST_F(TrainerTest, ValidatesEachOfSeveralSets) {
  const std::string sets = R"(
validate:
  data:
    easy:
      - pickle: validate.pkl
    hard:
      - pickle: train.pkl
)";
  ASSERT_TRUE(Train("  epochs: 1\n  log: log", &observer_, sets).ok());
  ASSERT_EQ(observer_.evaluations.size(), 2U);
  EXPECT_EQ(observer_.evaluations[0].set, "easy");
  EXPECT_EQ(observer_.evaluations[1].set, "hard");
  EXPECT_EQ(observer_.evaluations[1].samples, 20);
  EXPECT_TRUE(Exists(File("log/validation_loss.hard_above")));
}

TEST_F(TrainerTest, WritesCheckpointsByEpochs) {
  ASSERT_TRUE(Train("  epochs: 5\n  checkpoint: {path: c.w, epochs: 2}", &observer_).ok());
  ASSERT_EQ(observer_.written.size(), 2U);
  EXPECT_EQ(observer_.written[0].info.batch, 6);
  EXPECT_EQ(observer_.written[1].info.batch, 12);
  EXPECT_EQ(observer_.written[1].info.epoch, 4);
}

TEST_F(TrainerTest, WritesCheckpointsByBatches) {
  ASSERT_TRUE(Train("  epochs: 2\n  checkpoint: {path: c.w, batches: 2}", &observer_).ok());
  ASSERT_EQ(observer_.written.size(), 3U);
  EXPECT_EQ(observer_.written[0].info.batch, 2);
  EXPECT_EQ(observer_.written[2].info.batch, 6);
  EXPECT_EQ(observer_.written[2].info.description, "checkpoint");
}

TEST_F(TrainerTest, WritesCheckpointsBySamples) {
  ASSERT_TRUE(Train("  epochs: 2\n  checkpoint: {path: c.w, samples: 13}", &observer_).ok());
  std::vector<int64_t> batches;
  for (const auto& file : observer_.written) batches.push_back(file.info.batch);
  EXPECT_THAT(batches, ElementsAre(2, 5));  // after 16 samples, and 20 more
}

TEST_F(TrainerTest, ValidatesSomeBatchesAtACheckpoint) {
  ASSERT_TRUE(Train("  epochs: 1\n  checkpoint: {path: c.w, batches: 2, validation: 1}", &observer_,
                    kValidate)
                  .ok());
  ASSERT_EQ(observer_.evaluations.size(), 2U);
  EXPECT_EQ(observer_.evaluations[0].samples, 4);  // one batch of the set
  EXPECT_EQ(observer_.evaluations[1].samples, 10);
}

TEST_F(TrainerTest, WritesTheLog) {
  ASSERT_TRUE(Train("  epochs: 2\n  log: log", &observer_, kValidate).ok());
  const auto log = KurLog::Open(FileSystem::Posix(), File("log"), {});
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ((*log)->summary().epochs, 2);
  EXPECT_EQ((*log)->summary().batches, 6);
  EXPECT_EQ((*log)->summary().samples, 40);
  EXPECT_GT((*log)->summary().clocks.at("all"), 0);
  EXPECT_FLOAT_EQ(
      static_cast<float>(*(*log)->best_validation_loss()),
      static_cast<float>(std::min(observer_.evaluations[0].loss, observer_.evaluations[1].loss)));
}

TEST_F(TrainerTest, ABetterRunOfTheSameLogMustBeatTheEarlierOnes) {
  ASSERT_TRUE(Train("  epochs: 30\n  log: log\n  weights: {last: a.w}", &observer_).ok());
  RecordingObserver observer(workspace_.path());
  ASSERT_TRUE(Train("  epochs: 1\n  log: log\n  weights: {best: best.w}", &observer).ok());
  EXPECT_THAT(observer.written, IsEmpty());  // fresh weights are worse
}

TEST_F(TrainerTest, CancellingInAnEpochWritesTheLastWeights) {
  observer_.cancel_after_batches = 4;
  ASSERT_EQ(*Train("  epochs: 9\n  weights: {best: best.w, last: last.w}", &observer_, kValidate),
            RunOutcome::kCancelled);
  EXPECT_EQ(observer_.batches.size(), 4U);
  EXPECT_EQ(observer_.epochs.size(), 1U);
  EXPECT_EQ(observer_.written.back().info.description, "last weights");
  EXPECT_EQ(observer_.written.back().info.batch, 4);
}

TEST_F(TrainerTest, CancellingInAValidationEndsIt) {
  observer_.cancel_in_validation = true;
  ASSERT_EQ(*Train("  epochs: 9\n  weights: {last: last.w}", &observer_, kValidate),
            RunOutcome::kCancelled);
  EXPECT_EQ(observer_.epochs.size(), 1U);
  EXPECT_THAT(observer_.evaluations, IsEmpty());
  EXPECT_THAT(observer_.Descriptions(), ElementsAre("last weights"));
}

TEST_F(TrainerTest, ALossThatIsNoNumberEndsTheRunAndSaysWhere) {
  const auto end =
      workspace_.Run(absl::StrReplaceAll(
                         absl::StrCat(kModel, kTrain, "  epochs: 3\n  weights: {last: last.w}"),
                         {{"{name: adam, learning_rate: 0.02}", "{name: sgd, learning_rate: 1e30}"},
                          {"activation: tanh", "activation: relu"}}),
                     &observer_);
  EXPECT_EQ(end.status().code(), absl::StatusCode::kOutOfRange);
  const size_t batch = observer_.batches.size() % 3 + 1;
  const size_t epoch = observer_.batches.size() / 3 + 1;
  EXPECT_THAT(std::string(end.status().message()),
              HasSubstr(absl::StrCat("in batch ", batch, " of epoch ", epoch)));
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("'above'"));
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("1e+30"));
  EXPECT_THAT(observer_.Descriptions(),
              ElementsAre("weights and samples at numbers that are not finite"));
}

TEST_F(TrainerTest, AnArtifactThatCannotBeWrittenEndsTheRun) {
  observer_.failing_write = 0;
  const auto end = Train("  epochs: 9\n  weights: {best: best.w}", &observer_);
  EXPECT_EQ(end.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(observer_.epochs.size(), 1U);
}

TEST_F(TrainerTest, DataThatDoesNotFitIsAnErrorThatNamesIt) {
  const auto end = workspace_.Run(
      absl::StrReplaceAll(absl::StrCat(kModel, kTrain), {{"input: point", "input: pint"}}),
      &observer_);
  EXPECT_THAT(std::string(end.status().message()),
              HasSubstr("no source 'pint' for this input; did you mean 'point'?"));
  const auto shape = workspace_.Run(
      absl::StrReplaceAll(absl::StrCat(kModel, kTrain), {{"- dense: 1\n", "- dense: 2\n"}}),
      &observer_);
  EXPECT_THAT(std::string(shape.status().message()), HasSubstr("(2,)"));
  EXPECT_THAT(std::string(shape.status().message()), HasSubstr("(1,)"));
}

TEST_F(TrainerTest, MissingDataIsAnErrorThatNamesTheFile) {
  ASSERT_TRUE(FileSystem::Posix().Remove(File("train.pkl")).ok());
  const auto end = Train("  epochs: 1", &observer_);
  EXPECT_THAT(std::string(end.status().message()), HasSubstr("train.pkl"));
  EXPECT_THAT(observer_.started, IsEmpty());
}

TEST_F(TrainerTest, AFrozenLayerStaysAsItIs) {
  const std::string model =
      absl::StrReplaceAll(kModel, {{"- dense: 8", "- dense: 8\n    freeze: yes\n    name: fixed"}});
  RunOptions options;
  const auto train = [&](const std::string& more) {
    return workspace_.Run(absl::StrCat(model, kTrain, more), &observer_, options);
  };
  ASSERT_TRUE(train("  epochs: 0\n  weights: {last: a.w}").ok());
  ASSERT_TRUE(train("  epochs: 2\n  weights: {last: b.w}").ok());
  const auto before = WeightsIn(File("a.w"));
  const auto after = WeightsIn(File("b.w"));
  EXPECT_EQ(before.at("fixed.weight"), after.at("fixed.weight"));
  EXPECT_NE(before.at("above.weight"), after.at("above.weight"));
}

}  // namespace
}  // namespace kur
