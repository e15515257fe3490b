// The keys of `train` that Kur does not have, and that a run with them goes on as if it had never
// been interrupted.

#include <ATen/ops/zeros.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "engine/base/file_system.h"
#include "engine/formats/idx.h"
#include "engine/formats/pickle/pickle_writer.h"
#include "engine/train/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RecordingObserver;
using ::testing::SizeIs;
using testing::WeightsIn;
using testing::Workspace;

constexpr char kModel[] = R"(
model:
  - input: point
  - dense: 8
    name: hidden
  - batch_normalization:
    name: norm
  - activation: tanh
  - dropout: 0.3
  - dense: 1
    name: above
loss:
  - target: above
    name: mean_squared_error
validate:
  data: [{pickle: validate.pkl}]
  weights: best-validation.w
train:
  data: [{pickle: train.pkl}]
  provider: {batch_size: 8}
  epochs: 3
)";

constexpr char kSmall[] = R"(
model:
  - input: point
  - dense: 8
    name: hidden
  - activation: relu
  - dense: 1
    name: above
loss:
  - target: above
    name: mean_squared_error
train:
  data: [{pickle: train.pkl}]
  provider: {batch_size: 8, randomize: no}
  epochs: 2
  weights: {last: last.w}
)";

// 21 times the same.
void WriteSame(const Workspace& workspace, float point, float above) {
  PickleValue::Dict dict;
  dict.emplace_back(PickleValue("point"),
                    PickleValue(*Array::FromValues({21, 2}, std::vector<float>(42, point))));
  dict.emplace_back(PickleValue("above"),
                    PickleValue(*Array::FromValues({21, 1}, std::vector<float>(21, above))));
  workspace.Write("train.pkl", FormatPickle(PickleValue::MakeDict(std::move(dict))));
}

// 21 points, of which one may have a coordinate that is no number.
void WritePoints(const Workspace& workspace, int bad = -1) {
  std::vector<float> points;
  std::vector<float> above;
  for (int i = 0; i < 21; ++i) {
    points.push_back(i == bad ? std::numeric_limits<float>::quiet_NaN()
                              : static_cast<float>(i % 5) - 2);
    points.push_back(static_cast<float>(i % 7) / 3 - 1);
    above.push_back(static_cast<float>(i % 3) - 1);
  }
  PickleValue::Dict dict;
  dict.emplace_back(PickleValue("point"), PickleValue(*Array::FromValues({21, 2}, points)));
  dict.emplace_back(PickleValue("above"), PickleValue(*Array::FromValues({21, 1}, above)));
  workspace.Write("train.pkl", FormatPickle(PickleValue::MakeDict(std::move(dict))));
}

class TrainingOptionsTest : public ::testing::Test {
 protected:
  void SetUp() override { WriteData(workspace_); }

  static void WriteData(const Workspace& workspace) {
    workspace.WritePoints("train.pkl", 21, 1);
    workspace.WritePoints("validate.pkl", 13, 2);
  }

  static RunOptions Options(const Workspace& workspace) {
    RunOptions options;
    options.seed = 17;
    options.resume_path = workspace.File("resume");
    return options;
  }

  // The message of a run that fails.
  std::string Error(const std::string& kurfile) {
    return std::string(workspace_.Run(kurfile, &observer_, {}).status().message());
  }

  Workspace workspace_;
  RecordingObserver observer_{workspace_.path()};
};

// Everything at once that has a state: gradients of a step that is not complete, averages, what a
// schedule and early stopping have seen, the number of the validation, samples of a source.
TEST_F(TrainingOptionsTest, ARunThatDiedEndsWithTheSameFiles) {
  const std::string text = absl::StrCat(kModel, R"(
  optimizer:
    name: adam
    learning_rate: 0.02
    scale_rate: above
    scale_mode: sqrt
    layers: [{name: norm, learning_rate: 0.001}]
  checkpoint: {path: checkpoint.w, batches: 1, validation: 1}
  weights: {best: best.w, last: last.w}
  accumulate: 2
  ema: 0.9
  schedule: {name: warmup, length: 2, then: {name: reduce_on_plateau, patience: 0, factor: 0.5}}
  early_stopping: {patience: 2}
)");
  const std::string shuffled = absl::StrReplaceAll(
      text, {{"validate.pkl}]", "validate.pkl}]\n  provider: {batch_size: 4, num_batches: 2}"}});
  RecordingObserver whole(workspace_.path());
  ASSERT_EQ(*workspace_.Run(shuffled, &whole, Options(workspace_)), RunOutcome::kSucceeded);
  ASSERT_GE(whole.written.size(), 12U);
  for (size_t death = 0; death < whole.written.size(); ++death) {
    SCOPED_TRACE(absl::StrCat("died in write ", death));
    const Workspace workspace;
    WriteData(workspace);
    RecordingObserver first(workspace.path());
    first.failing_write = death;
    ASSERT_FALSE(workspace.Run(shuffled, &first, Options(workspace)).ok());
    RecordingObserver second(workspace.path());
    ASSERT_EQ(*workspace.Run(shuffled, &second, Options(workspace)), RunOutcome::kSucceeded);
    for (const char* file : {"best.w", "last.w", "best-validation.w", "checkpoint.w"}) {
      EXPECT_EQ(WeightsIn(workspace.File(file)), WeightsIn(workspace_.File(file))) << file;
    }
    EXPECT_EQ(testing::OptimizerStateIn(workspace.File("last.w")),
              testing::OptimizerStateIn(workspace_.File("last.w")));
    EXPECT_EQ(second.evaluations.back().loss, whole.evaluations.back().loss);
    EXPECT_EQ(second.epochs.back().learning_rate, whole.epochs.back().learning_rate);
  }
}

TEST_F(TrainingOptionsTest, ADeterministicRunGoesOnWithTheThreadsThatItBeganWith) {
  const std::string text =
      absl::StrCat(kModel, "  deterministic: yes\n  checkpoint: {path: c.w, batches: 2}\n");
  RecordingObserver first(workspace_.path());
  first.cancel_after_batches = 4;
  ASSERT_EQ(*workspace_.Run(text, &first, Options(workspace_)), RunOutcome::kCancelled);
  EXPECT_THAT(first.LogText(), HasSubstr("deterministic: seed 17, threads 1"));
  RunOptions other = Options(workspace_);
  other.seed = 18;
  ASSERT_EQ(*workspace_.Run(text, &observer_, other), RunOutcome::kSucceeded);
  EXPECT_THAT(observer_.LogText(), HasSubstr("deterministic: seed 17, threads 1"));
}

TEST_F(TrainingOptionsTest, ValidationUsesTheAverageAndTrainingDoesNot) {
  const std::string plain = absl::StrCat(kModel, "  weights: {last: last.w}\n");
  const std::string averaged = absl::StrCat(plain, "  ema: 0.99\n");
  ASSERT_TRUE(workspace_.Run(plain, &observer_, {}).ok());
  const auto trained = WeightsIn(workspace_.File("last.w"));
  RecordingObserver with_average(workspace_.path());
  ASSERT_TRUE(workspace_.Run(averaged, &with_average, {}).ok());
  const Checkpoint file = *ReadCheckpoint(workspace_.File("last.w"));
  EXPECT_NE(WeightsIn(workspace_.File("last.w")), trained);
  // What training adjusted is the same, as are the losses of its batches.
  ASSERT_THAT(file.trained_weights, SizeIs(6));
  for (const auto& [name, tensor] : file.trained_weights) {
    const float* values = tensor.data_ptr<float>();
    EXPECT_EQ(std::vector<float>(values, values + tensor.numel()), trained.at(name)) << name;
  }
  EXPECT_EQ(with_average.epochs.back().loss, observer_.epochs.back().loss);
  // Validations are not the same, and those of a test with the file are the last validation's.
  EXPECT_NE(with_average.evaluations.back().loss, observer_.evaluations.back().loss);
  RunOptions test;
  test.mode = Mode::kTest;
  RecordingObserver tested(workspace_.path());
  const std::string tests =
      absl::StrReplaceAll(averaged, {{"validate:", "test:"}, {"best-validation.w", "last.w"}});
  ASSERT_TRUE(workspace_.Run(tests, &tested, test).ok());
  EXPECT_NEAR(tested.evaluations.back().loss, with_average.evaluations.back().loss, 1e-6);
}

TEST_F(TrainingOptionsTest, EndsWhenValidationsGetNoBetter) {
  const std::string text =
      absl::StrReplaceAll(absl::StrCat(kModel, "  early_stopping: {patience: 2, min_delta: 1000}\n",
                                       "  weights: {last: last.w}\n"),
                          {{"epochs: 3", "epochs: 30"}});
  ASSERT_EQ(*workspace_.Run(text, &observer_, {}), RunOutcome::kSucceeded);
  EXPECT_THAT(observer_.epochs, SizeIs(3));
  EXPECT_THAT(observer_.LogText(),
              HasSubstr("early stopping after epoch 3: the validation's loss has not improved in "
                        "2 epochs (best "));
  EXPECT_THAT(observer_.Descriptions(), Contains("last weights"));
}

TEST_F(TrainingOptionsTest, EarlyStoppingNamesTheMetricsThatThereAre) {
  EXPECT_THAT(Error(absl::StrCat(kModel, "  early_stopping: {patience: 1, metric: los}\n")),
              HasSubstr("train.early_stopping.metric: validations do not report 'los'; did you "
                        "mean 'loss'?; they report: loss"));
}

TEST_F(TrainingOptionsTest, ReportsTheLearningRate) {
  ASSERT_TRUE(workspace_
                  .Run(absl::StrCat(kModel,
                                    "  optimizer: {name: sgd, learning_rate: 0.5}\n"
                                    "  schedule: {name: step, every: 1, factor: 0.5}\n"),
                       &observer_, {})
                  .ok());
  std::vector<double> rates;
  for (const EpochFinished& epoch : observer_.epochs) rates.push_back(epoch.learning_rate);
  EXPECT_THAT(rates, ElementsAre(0.5, 0.25, 0.125));
}

TEST_F(TrainingOptionsTest, AScheduledRateThatNeedsASourceNamesThoseThereAre) {
  EXPECT_THAT(Error(absl::StrCat(kModel, "  optimizer: {name: sgd, scale_rate: abov}\n")),
              HasSubstr("train.optimizer.scale_rate: the data has no source 'abov' for this key; "
                        "did you mean 'above'?"));
}

TEST_F(TrainingOptionsTest, EveryValidationDrawsOtherSamples) {
  const auto losses = [&](const char* provider) {
    const std::string text = absl::StrReplaceAll(
        absl::StrCat(kModel, "  optimizer: {name: sgd, learning_rate: 0.0000000001}\n"),
        {{"validate.pkl}]", absl::StrCat("validate.pkl}]\n  provider: ", provider)},
         {"  - batch_normalization:\n    name: norm\n", ""}});
    RecordingObserver observer(workspace_.path());
    EXPECT_TRUE(workspace_.Run(text, &observer, {}).ok());
    std::set<double> different;
    for (const EvaluationResult& measured : observer.evaluations) {
      different.insert(std::round(measured.loss * 1e4));
    }
    return different;
  };
  EXPECT_THAT(losses("{batch_size: 2, num_batches: 1}"), SizeIs(3));
  EXPECT_THAT(losses("{batch_size: 2, num_batches: 1, randomize: no}"), SizeIs(1));
  EXPECT_THAT(losses("{batch_size: 2}"), SizeIs(1));
}

TEST_F(TrainingOptionsTest, NumbersThatAreNotFiniteEndTheRunWithWhereTheyCameFrom) {
  WritePoints(workspace_, /*bad=*/10);
  EXPECT_THAT(Error(kSmall),
              HasSubstr("the loss of the output 'above' became NaN in batch 2 of "
                        "epoch 1; first to be so is the source 'point' of the data"));
  ASSERT_THAT(observer_.Descriptions(),
              ElementsAre("weights and samples at numbers that are not finite"));
  const Checkpoint evidence = *ReadCheckpoint(workspace_.File("non_finite.kur"));
  const at::Tensor samples = evidence.weights.at("non_finite/samples");
  ASSERT_EQ(samples.numel(), 8);
  EXPECT_EQ(samples.data_ptr<int64_t>()[0], 8);
  EXPECT_EQ(evidence.position.progress.batch, 1);
}

TEST_F(TrainingOptionsTest, NamesTheLayerWhoseOutputIsNotFinite) {
  WritePoints(workspace_);
  EXPECT_THAT(Error(absl::StrCat(kSmall, "  optimizer: {name: sgd, learning_rate: 1e30}\n")),
              HasSubstr("; first to be so is the output of the layer '"));
}

TEST_F(TrainingOptionsTest, NamesTheGradientThatIsNotFinite) {
  // The loss is 0.75^2 * 3e38, its derivative by the last bias twice 0.75 * 3e38, which is too
  // much.
  WriteSame(workspace_, /*point=*/0, /*above=*/0.75);
  EXPECT_THAT(
      Error(absl::StrReplaceAll(kSmall, {{"_error", "_error\n    weight: 3e38"}})),
      HasSubstr("a gradient became NaN or infinite in batch 1 of epoch 1; first to be so is "
                "the gradient of above.bias"));
}

// One weight of the second column alone gets a gradient of 3e38 * 1e3; the loss stays small.
TEST_F(TrainingOptionsTest, AGradientThatIsInfiniteInOneElementIsNotTaken) {
  PickleValue::Dict dict;
  dict.emplace_back(PickleValue("point"),
                    PickleValue(*Array::FromValues<float>({1, 2}, {0.5F, 3e38F})));
  dict.emplace_back(PickleValue("above"), PickleValue(*Array::FromValues<float>({1, 1}, {0.75F})));
  workspace_.Write("train.pkl", FormatPickle(PickleValue::MakeDict(std::move(dict))));
  Checkpoint zero;
  zero.weights["above.weight"] = at::zeros({1, 2});
  zero.weights["above.bias"] = at::zeros({1});
  workspace_.Write("zero.w", *SerializeCheckpoint(zero));
  const std::string text =
      "model: [{input: point}, {dense: 1, name: above}]\n"
      "loss: [{target: above, name: mean_absolute_error, weight: 1000}]\n"
      "train:\n"
      "  data: [{pickle: train.pkl}]\n"
      "  epochs: 1\n"
      "  weights: {initial: zero.w, last: last.w}\n";
  EXPECT_THAT(Error(text),
              HasSubstr("a gradient became NaN or infinite in batch 1 of epoch 1; first "
                        "to be so is the gradient of above.weight"));
  EXPECT_FALSE(Exists(workspace_.File("last.w")));
  ASSERT_EQ(*workspace_.Run(absl::StrCat(text, "  non_finite: skip\n"), &observer_, {}),
            RunOutcome::kSucceeded);
  EXPECT_THAT(WeightsIn(workspace_.File("last.w")).at("above.weight"), ElementsAre(0, 0));
}

TEST_F(TrainingOptionsTest, WeightsThatAreNotFiniteAreNeverWritten) {
  WriteSame(workspace_, /*point=*/1000, /*above=*/0.75);
  workspace_.Write("last.w", "good");
  const std::string text =
      absl::StrCat(absl::StrReplaceAll(
                       kSmall, {{"epochs: 2", "epochs: 1"}, {"batch_size: 8", "batch_size: 100"}}),
                   "  optimizer: {name: sgd, learning_rate: 3e38}\n");
  for (const char* more : {"", "  non_finite: skip\n", "  ema: {decay: 0.5}\n"}) {
    EXPECT_THAT(Error(absl::StrCat(text, more)),
                AllOf(HasSubstr("the weights "), HasSubstr(" hold NaN or infinite numbers after 1 "
                                                           "batches, so last.w was not written")));
    EXPECT_EQ(*FileSystem::Posix().Read(workspace_.File("last.w")), "good");
  }
}

TEST_F(TrainingOptionsTest, ANormThatIsNotFiniteTakesNoStep) {
  WriteSame(workspace_, /*point=*/0, /*above=*/0.75);
  const std::string text =
      absl::StrReplaceAll(absl::StrCat(kSmall, "  optimizer: {name: adam, clip: {norm: 1}}\n"),
                          {{"_error", "_error\n    weight: 1e30"}});
  EXPECT_THAT(Error(text), HasSubstr("the norm of the gradients became NaN or infinite in batch 1 "
                                     "of epoch 1; first to be so is the norm of all gradients"));
}

TEST_F(TrainingOptionsTest, ABatchThatIsLeftOutChangesNothing) {
  WritePoints(workspace_, /*bad=*/10);
  const std::string text =
      absl::StrReplaceAll(absl::StrCat(kSmall, "  non_finite: skip\n"),
                          {{"activation: relu", "batch_normalization:\n  - activation: relu"}});
  ASSERT_EQ(*workspace_.Run(text, &observer_, {}), RunOutcome::kSucceeded);
  EXPECT_THAT(observer_.LogText(), HasSubstr("in batch 2 of epoch 1; first to be so is the source "
                                             "'point' of the data; the batch is left out"));
  EXPECT_THAT(observer_.LogText(), HasSubstr("in batch 2 of epoch 2; the batch is left out"));
  EXPECT_THAT(observer_.batches, SizeIs(6));
  ASSERT_THAT(observer_.epochs, SizeIs(2));
  EXPECT_EQ(observer_.epochs[0].samples, 13);
  EXPECT_TRUE(std::isfinite(observer_.epochs[1].loss));
  for (const auto& [name, values] : WeightsIn(workspace_.File("last.w"))) {
    for (const float value : values) EXPECT_TRUE(std::isfinite(value)) << name;
  }
}

TEST_F(TrainingOptionsTest, LeavesOutOnlySoManyBatchesInARow) {
  const std::string text = absl::StrReplaceAll(
      absl::StrCat(kSmall, "  non_finite: skip\n"),
      {{"batch_size: 8", "batch_size: 1"},
       {"epochs: 2", "epochs: 30"},
       {"name: mean_squared_error", "name: mean_squared_error\n    weight: 1e300"}});
  WritePoints(workspace_);
  EXPECT_THAT(Error(text), HasSubstr(", as in the 99 before it"));
}

TEST_F(TrainingOptionsTest, PathsOfWeightsTellWhenTheyWereWritten) {
  const std::string text =
      absl::StrCat(kModel,
                   "  weights: {last: 'last-${EPOCH}-${BATCH}.w'}\n"
                   "  checkpoint: {path: 'c/${EPOCH}-${SAMPLE}-${TRAIN_LOSS}.w', epochs: 1}\n");
  ASSERT_TRUE(FileSystem::Posix().MakeDirectories(workspace_.File("c")).ok());
  ASSERT_TRUE(workspace_.Run(text, &observer_, {}).ok());
  EXPECT_TRUE(Exists(workspace_.File("last-3-9.w")));
  std::vector<std::string> expected;
  for (int epoch = 0; epoch < 3; ++epoch) {
    expected.push_back(absl::StrFormat("%d-%d-%.3f.w", epoch + 1, 21 * (epoch + 1),
                                       observer_.epochs[static_cast<size_t>(epoch)].loss));
  }
  EXPECT_EQ(*ListDirectory(workspace_.File("c")), expected);
}

// A folder as Kur writes it, for all layers but the norm.
class KurFolderTest : public TrainingOptionsTest {
 protected:
  void SetUp() override {
    TrainingOptionsTest::SetUp();
    ASSERT_TRUE(FileSystem::Posix().MakeDirectories(workspace_.File("w/part")).ok());
    Put("w/layer_hidden+weight.kur", {8, 2});
    Put("w/part/layer_hidden+bias.kur", {8});
    Put("w/layer_above+weight.kur", {1, 8});
    Put("w/layer_above+bias.kur", {1});
  }

  void Put(const std::string& file, const std::vector<int64_t>& shape) {
    int64_t count = 1;
    for (const int64_t extent : shape) count *= extent;
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i) / 4 - 1);
    workspace_.Write(file, *FormatIdx(*Array::FromValues(shape, values)));
  }

  const std::string text_ = absl::StrReplaceAll(
      absl::StrCat(kModel, "  weights: {initial: w, must_exist: yes, last: last.w}\n"),
      {{"epochs: 3", "epochs: 0"}});
};

TEST_F(KurFolderTest, GivesTheWeightsOfItsFiles) {
  Put("w/layer_other+weight.kur", {3});
  ASSERT_TRUE(workspace_.Run(text_, &observer_, {}).ok());
  const auto weights = WeightsIn(workspace_.File("last.w"));
  EXPECT_EQ(weights.at("hidden.weight")[15], 2.75F);
  EXPECT_EQ(weights.at("hidden.bias")[7], 0.75F);
  EXPECT_EQ(weights.at("above.bias")[0], -1);
  EXPECT_EQ(weights.at("norm.weight")[0], 1);
  EXPECT_THAT(observer_.LogText(),
              HasSubstr("w has no file for norm.bias, norm.running_mean, norm.running_var, "
                        "norm.weight: beginning with fresh ones there"));
  EXPECT_THAT(observer_.LogText(),
              HasSubstr("no layer takes these files of w: layer_other+weight.kur"));
}

TEST_F(KurFolderTest, OfAnotherModelIsAnError) {
  Put("w/layer_hidden+weight.kur", {9, 2});
  EXPECT_THAT(Error(text_), HasSubstr("hidden.weight is (9, 2) there and (8, 2) here"));
}

TEST_F(KurFolderTest, WithoutAnyWeightsIsAnError) {
  EXPECT_THAT(Error(absl::StrReplaceAll(text_, {{"initial: w,", "initial: home,"}})),
              HasSubstr("train.weights.initial: the initial weights home cannot be used"));
  ASSERT_TRUE(FileSystem::Posix().MakeDirectories(workspace_.File("empty")).ok());
  EXPECT_THAT(Error(absl::StrReplaceAll(text_, {{"initial: w,", "initial: empty,"}})),
              HasSubstr("it is a folder without weights of Kur (LAYER+WEIGHT.kur)"));
}

TEST_F(KurFolderTest, DoesNotLeadOutByALink) {
  const Workspace outside;
  outside.Write("layer_norm+weight.kur",
                *FormatIdx(*Array::FromValues<float>({8}, {9, 9, 9, 9, 9, 9, 9, 9})));
  ASSERT_EQ(symlink(outside.path().c_str(), workspace_.File("w/link").c_str()), 0);
  ASSERT_TRUE(workspace_.Run(text_, &observer_, {}).ok());
  EXPECT_EQ(WeightsIn(workspace_.File("last.w")).at("norm.weight")[0], 1);
}

}  // namespace
}  // namespace kur
