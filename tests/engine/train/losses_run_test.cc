// Losses in whole runs: what they read of the data, and what they say of it.

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/formats/pickle/pickle_writer.h"
#include "engine/train/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RecordingObserver;
using testing::Workspace;

struct Column {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

void WriteColumns(const Workspace& workspace, const std::map<std::string, Column>& columns) {
  PickleValue::Dict dict;
  for (const auto& [name, column] : columns) {
    dict.emplace_back(PickleValue(name),
                      PickleValue(*Array::FromValues(column.shape, column.values)));
  }
  workspace.Write("data.pkl", FormatPickle(PickleValue::MakeDict(std::move(dict))));
}

constexpr char kData[] = R"(
train: {data: [{pickle: data.pkl}], epochs: 2, provider: {batch_size: 2, randomize: no}}
validate: {data: [{pickle: data.pkl}], provider: {batch_size: 3}}
test: {data: [{pickle: data.pkl}]}
)";

constexpr char kClasses[] = R"(
model: [{input: x}, {dense: 3}, {activation: softmax, name: y}]
loss: [{target: y, name: sparse_categorical_crossentropy}]
)";

class LossesRunTest : public ::testing::Test {
 protected:
  absl::Status Run(const std::string& kurfile, const std::string& data = kData) {
    return workspace_.Run(absl::StrCat(kurfile, data), &observer_).status();
  }

  Workspace workspace_;
  RecordingObserver observer_{workspace_.path()};
};

TEST_F(LossesRunTest, ClassNumbersAreTheTruthOfASoftmax) {
  WriteColumns(workspace_, {{"x", {{4, 2}, {1, 0, 0, 1, 1, 1, 0, 0}}}, {"y", {{4}, {0, 1, 2, 0}}}});
  const absl::Status status = Run(kClasses);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_GT(observer_.epochs[0].loss, observer_.epochs[1].loss);
}

TEST_F(LossesRunTest, AClassThatDoesNotExistEndsTheRunWithItsPlace) {
  WriteColumns(workspace_, {{"x", {{4, 2}, {1, 0, 0, 1, 1, 1, 0, 0}}}, {"y", {{4}, {0, 1, 2, 3}}}});
  EXPECT_THAT(std::string(Run(kClasses).message()),
              HasSubstr("k.yml:3:8: error: loss[0].target: sample 3 of the source 'y' holds 3"));
}

TEST_F(LossesRunTest, AnIndexThatAnEmbeddingDoesNotHaveEndsTheRunWithItsPlace) {
  const std::string kurfile = R"(
model: [{input: x}, {embedding: {vocab_size: 4, size: 2}}, flatten, {dense: 1, name: y}]
loss: [{target: y, name: mean_squared_error}]
)";
  for (const float wrong : {4.F, -1.F, 0.5F}) {
    WriteColumns(workspace_,
                 {{"x", {{4, 2}, {1, 0, 0, 3, 1, wrong, 0, 0}}}, {"y", {{4, 1}, {0, 1, 2, 3}}}});
    EXPECT_THAT(std::string(Run(kurfile).message()),
                HasSubstr(absl::StrCat("sample 2 of the source 'x' holds ", wrong,
                                       ", which the embedding '")));
  }
  WriteColumns(workspace_,
               {{"x", {{4, 2}, {1, 0, 0, 3, 1, 2, 0, 0}}}, {"y", {{4, 1}, {0, 1, 2, 3}}}});
  EXPECT_TRUE(Run(kurfile).ok());
}

TEST_F(LossesRunTest, OneHotClassesAreNoClassNumbers) {
  WriteColumns(workspace_, {{"x", {{1, 2}, {1, 0}}}, {"y", {{1, 3}, {0, 1, 0}}}});
  EXPECT_THAT(std::string(Run(kClasses).message()),
              HasSubstr("the output 'y' is (3,), so that sparse_categorical_crossentropy needs "
                        "samples of (1,) in the data of the name 'y', but they are (3,)"));
}

TEST_F(LossesRunTest, TheLossesOfSeveralOutputsAreAddedWithTheirWeights) {
  WriteColumns(workspace_, {{"x", {{4, 2}, {1, 0, 0, 1, 1, 1, 0, 0}}},
                            {"a", {{4, 1}, {1, 2, 3, 4}}},
                            {"b", {{4, 1}, {0, 1, 1, 0}}}});
  const std::string kurfile = R"(
model:
  - input: x
  - dense: 1
    name: a
    sink: yes
  - dense: 1
    inputs: x
  - activation: sigmoid
    name: b
loss:
  - {target: a, name: mean_squared_error}
  - {target: b, name: binary_crossentropy}
)";
  // So slow that the weights stay as they were.
  const std::string data = absl::StrReplaceAll(
      kData, {{"epochs: 2", "epochs: 1, optimizer: {name: sgd, learning_rate: 1e-12}"}});
  ASSERT_TRUE(Run(kurfile, data).ok());
  const auto plain = observer_.evaluations.back();
  const std::string weighted =
      absl::StrReplaceAll(kurfile, {{"mean_squared_error", "mean_squared_error, weight: 0.25"},
                                    {"binary_crossentropy", "binary_crossentropy, weight: 3"}});
  ASSERT_TRUE(Run(weighted, data).ok());
  const auto heavy = observer_.evaluations.back();
  EXPECT_NEAR(heavy.losses.at("a"), 0.25 * plain.losses.at("a"), 1e-6);
  EXPECT_NEAR(heavy.losses.at("b"), 3 * plain.losses.at("b"), 1e-6);
  EXPECT_NEAR(heavy.loss, heavy.losses.at("a") + heavy.losses.at("b"), 1e-6);
  EXPECT_NEAR(observer_.epochs.back().loss, heavy.loss, 1e-6);
  // With several outputs a metric says of which it is.
  EXPECT_EQ(heavy.metrics.count("b.accuracy"), 1U);
  EXPECT_NEAR(heavy.metrics.at("a.root_mean_squared_error"), std::sqrt(plain.losses.at("a")), 1e-5);
}

TEST_F(LossesRunTest, ASectionReportsTheMetricsThatItChooses) {
  WriteColumns(workspace_, {{"x", {{4, 2}, {1, 0, 0, 1, 1, 1, 0, 0}}}, {"y", {{4}, {0, 1, 2, 0}}}});
  const std::string data = absl::StrReplaceAll(
      kData, {{"validate: {", "validate: {metrics: [confusion, {f1: {average: micro}}], "}});
  ASSERT_TRUE(Run(kClasses, data).ok());
  const auto& metrics = observer_.evaluations.back().metrics;
  EXPECT_EQ(metrics.count("micro_f1"), 1U);
  EXPECT_EQ(metrics.count("accuracy"), 0U);
  double counted = 0;
  for (const auto& [name, value] : metrics) counted += name == "micro_f1" ? 0 : value;
  EXPECT_EQ(counted, 4);  // the cells of the confusion
}

// Four utterances of up to six frames whose first element is the symbol spoken.
std::map<std::string, Column> Speech() {
  std::map<std::string, Column> columns = {
      {"utterance", {{4, 6, 2}, std::vector<float>(48, 0.5F)}},
      {"frames", {{4, 1}, {6, 6, 4, 2}}},
      {"text", {{4, 2}, {0, 1, 1, 0, 1, 9, 0, 0}}},
      {"letters", {{4, 1}, {2, 2, 1, 1}}},
  };
  for (size_t i = 0; i < 4; ++i) {
    for (size_t t = 0; t < 6; ++t) {
      const float symbol = columns["text"].values[2 * i + t / 3];
      columns["utterance"].values[12 * i + 2 * t] = symbol;
    }
  }
  return columns;
}

constexpr char kSpeech[] = R"(
model:
  - input: utterance
  - convolution: {kernels: 4, size: 2, border: valid}
  - recurrent: {size: 4}
  - parallel: {apply: [{dense: 3}]}
  - activation: softmax
    name: asr
loss:
  - target: asr
    name: ctc
    input_length: frames
    relative_to: utterance
    output_length: letters
    output: text
)";

TEST_F(LossesRunTest, CtcReadsItsOwnSourcesAndScalesTheLengths) {
  WriteColumns(workspace_, Speech());
  const absl::Status status = Run(kSpeech);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_GT(observer_.epochs[0].loss, observer_.epochs[1].loss);
  EXPECT_EQ(observer_.LogText(), "");
  EXPECT_EQ(observer_.evaluations[0].metrics.count("character_error_rate"), 1U);
}

TEST_F(LossesRunTest, CtcWithoutRelativeToCountsStepsOfTheOutput) {
  WriteColumns(workspace_, Speech());
  const absl::Status status =
      Run(absl::StrReplaceAll(kSpeech, {{"    relative_to: utterance\n", ""}}));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("a sample has 6 steps according to the source 'frames', but the output "
                        "'asr' has only 5; say which input it counts with 'relative_to'"));
}

TEST_F(LossesRunTest, LengthsMayCountStepsOfAnyLayerBeforeTheOutput) {
  auto speech = Speech();
  speech["frames"].values = {5, 5, 3, 1};  // what the convolution leaves of 6, 6, 4 and 2
  WriteColumns(workspace_, speech);
  for (const std::string relative : {"    relative_to: asr\n", ""}) {
    const absl::Status status =
        Run(absl::StrReplaceAll(kSpeech, {{"    relative_to: utterance\n", relative}}));
    ASSERT_TRUE(status.ok()) << status;
  }
  WriteColumns(workspace_, Speech());
  ASSERT_TRUE(Run(kSpeech).ok());
  ASSERT_EQ(observer_.epochs.size(), 6U);  // two of each run
  EXPECT_EQ(observer_.epochs[0].loss, observer_.epochs[2].loss);
  EXPECT_EQ(observer_.epochs[0].loss, observer_.epochs[4].loss);
}

TEST_F(LossesRunTest, SamplesTooShortForTheirTruthAreCountedOnceAnEpoch) {
  auto speech = Speech();
  speech["frames"].values = {6, 2, 4, 1};  // a step for two letters, and none for one
  WriteColumns(workspace_, speech);
  ASSERT_TRUE(Run(kSpeech).ok());
  const std::string warning =
      "the truth of 2 of 4 samples is too long for their output: no loss is defined for them, and "
      "they counted as 0";
  const auto warns = ::testing::Pair(LogLevel::kWarning, warning);
  // Of training and of validation, twice.
  EXPECT_THAT(observer_.logs, ElementsAre(warns, warns, warns, warns));
}

TEST_F(LossesRunTest, CtcNamesTheSourceThatIsMissing) {
  auto speech = Speech();
  speech.erase("letters");
  WriteColumns(workspace_, speech);
  EXPECT_THAT(std::string(Run(kSpeech).message()),
              HasSubstr("loss[0].output_length: the data has no source 'letters' for this loss"));
}

// The loss of a model that gives what the data has, computed as the test's own formula has it.
TEST_F(LossesRunTest, SamplesCountAsMuchAsTheyWeigh) {
  workspace_.Write("w.csv", "p,y,importance\n1,0,3\n2,0,0\n5,4,0.5\n");
  const std::string model = R"(
model: [{input: p}, {output: y}]
loss: [{target: y, name: LOSS, sample_weight: importance}]
test: {data: [{csv: w.csv}], provider: {batch_size: 3}}
)";
  for (const auto& [loss, expected] :
       std::map<std::string, double>{{"mean_squared_error", (3 * 1 + 0 * 4 + 0.5 * 1) / 3},
                                     {"mean_absolute_error", (3 * 1 + 0 * 2 + 0.5 * 1) / 3}}) {
    RunOptions options;
    options.mode = Mode::kTest;
    const auto run =
        workspace_.Run(absl::StrReplaceAll(model, {{"LOSS", loss}}), &observer_, options);
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_NEAR(observer_.evaluations.back().loss, expected, 1e-6) << loss;
  }
  RunOptions options;
  options.mode = Mode::kTest;
  const auto wrong = workspace_.Run(
      absl::StrReplaceAll(model, {{"LOSS", "mean_squared_error"}, {"importance}", "weight}"}}),
      &observer_, options);
  EXPECT_THAT(std::string(wrong.status().message()),
              HasSubstr("loss[0].sample_weight: the data has no source 'weight'"));
}

TEST_F(LossesRunTest, ClassesCountAsMuchAsTheyWeigh) {
  workspace_.Write("p.csv", "a,b,y,n,is\n0.8,0.2,u,0,1\n0.6,0.4,u,0,0\n0.3,0.7,v,1,0\n");
  const auto loss_of = [&](const std::string& loss, const std::string& columns,
                           const std::string& weights) {
    RunOptions options;
    options.mode = Mode::kTest;
    const auto run = workspace_.Run(
        absl::StrCat("model: [{input: p}, {output: y}]\nloss: [{target: y, name: ", loss,
                     ", class_weights: ", weights, "}]\ntest: {data: [{csv: p.csv, columns: ",
                     columns, "}], provider: {batch_size: 3}}\n"),
        &observer_, options);
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? observer_.evaluations.back().loss : NAN;
  };
  const double u = -std::log(0.8) - std::log(0.6);
  const double v = -std::log(0.7);
  const std::string one_hot = "{p: {from: [a, b]}, y: {one_hot: yes}}";
  EXPECT_NEAR(loss_of("categorical_crossentropy", one_hot, "[1, 1]"), (u + v) / 3, 1e-6);
  EXPECT_NEAR(loss_of("categorical_crossentropy", one_hot, "[2, 5]"), (2 * u + 5 * v) / 3, 1e-6);
  EXPECT_NEAR(loss_of("categorical_crossentropy", one_hot, "{v: 5}"), (u + 5 * v) / 3, 1e-6);
  EXPECT_NEAR(loss_of("sparse_categorical_crossentropy", "{p: {from: [a, b]}, y: n}", "[2, 5]"),
              (2 * u + 5 * v) / 3, 1e-6);
  EXPECT_NEAR(loss_of("binary_crossentropy", "{p: a, y: is}", "[2, 5]"),
              (-5 * std::log(0.8) - 2 * std::log(0.4) - 2 * std::log(0.7)) / 3, 1e-6);
}

TEST_F(LossesRunTest, BalancedWeightsAreThoseOfTheTraining) {
  workspace_.Write("t.csv", "x,y\n1,u\n2,u\n3,u\n4,v\n");
  const std::string kurfile = R"(
model: [{input: x}, {dense: 2}, {activation: softmax, name: y}]
loss: [{target: y, name: categorical_crossentropy, class_weights: balanced}]
train:
  data: [{csv: t.csv, columns: {x: x, y: {one_hot: yes}}}]
  epochs: 1
  weights: {last: last.kur}
test: {data: [{csv: t.csv, columns: {x: x, y: {one_hot: yes}}}], weights: last.kur}
)";
  const auto trained = workspace_.Run(kurfile, &observer_);
  ASSERT_TRUE(trained.ok()) << trained.status();
  const auto header = ReadCheckpointHeader(workspace_.File("last.kur"));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_THAT(header->encodings->at("y").statistics.at("class_weights"),
              ElementsAre(4 / (2 * 3.0), 4 / (2 * 1.0)));
  RunOptions options;
  options.mode = Mode::kTest;
  const auto tested = workspace_.Run(kurfile, &observer_, options);
  EXPECT_TRUE(tested.ok()) << tested.status();
  const auto unknown = workspace_.Run(absl::StrReplaceAll(kurfile, {{", weights: last.kur}", "}"}}),
                                      &observer_, options);
  EXPECT_TRUE(unknown.ok()) << unknown.status();
}

TEST_F(LossesRunTest, AnInputThatNeverVariesIsWarnedOf) {
  workspace_.Write("t.csv", "x,c,y\n1,7,1\n2,7,2\n3,7,3\n");
  const auto run = workspace_.Run(R"(
model: [{input: x}, {input: c}, {merge: concat, inputs: [x, c]}, {dense: 1, name: y}]
loss: [{target: y, name: mean_squared_error}]
train: {data: [{csv: t.csv}], epochs: 2, provider: {batch_size: 1}}
)",
                                  &observer_);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(observer_.LogText(),
            "every value of the input 'c' is 7: there is nothing to learn from it\n");
}

}  // namespace
}  // namespace kur
