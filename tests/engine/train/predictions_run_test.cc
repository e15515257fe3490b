// Results keep who they are about: what of the data is carried through, lengths, and texts.

#include <string>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

using ::testing::HasSubstr;
using testing::RecordingObserver;
using testing::Workspace;

class PredictionsRunTest : public ::testing::Test {
 protected:
  absl::StatusOr<RunOutcome> Run(const std::string& kurfile, Mode mode = Mode::kEvaluate) {
    RunOptions options;
    options.mode = mode;
    return workspace_.Run(kurfile, &observer_, options);
  }
  const std::string& Written() const { return observer_.written.back().content; }

  Workspace workspace_;
  RecordingObserver observer_{workspace_.path()};
};

TEST_F(PredictionsRunTest, ColumnsAreCarriedThroughExactly) {
  workspace_.Write("ids.csv", "id,x,name\n123456789,1,\"Doe, J.\"\n0042,2,\n123456791,3,N/A\n");
  const std::string by_columns = R"(
model: [{input: x}, {activation: linear, name: y}]
evaluate:
  data: [{csv: ids.csv, columns: [x]}]
  destination: {path: out.csv, keep: [id, name]}
)";
  const auto kept = Run(by_columns);
  ASSERT_TRUE(kept.ok()) << kept.status();
  const std::string expected =
      "sample,id,name,y\r\nids.csv:2,123456789,\"Doe, J.\",1\r\nids.csv:3,0042,,2\r\n"
      "ids.csv:4,123456791,N/A,3\r\n";
  EXPECT_EQ(Written(), expected);
  // Without `columns`, under which all would be numbers.
  const auto all = Run(absl::StrReplaceAll(by_columns, {{", columns: [x]", ""}}));
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(Written(), expected);
  workspace_.Write("ids.jsonl",
                   "{\"id\": 123456789012345678, \"x\": 1, \"name\": null}\n"
                   "{\"id\": \"0042\", \"x\": 2, \"name\": \"Doe\"}\n");
  const auto lines = Run(absl::StrReplaceAll(by_columns, {{"csv: ids.csv", "jsonl: ids.jsonl"}}));
  ASSERT_TRUE(lines.ok()) << lines.status();
  EXPECT_EQ(Written(),
            "sample,id,name,y\r\nids.jsonl:1,123456789012345678,,1\r\nids.jsonl:2,0042,Doe,2\r\n");
  const auto wrong = Run(absl::StrReplaceAll(by_columns, {{"[id, name]", "[names]"}}));
  EXPECT_THAT(std::string(wrong.status().message()),
              HasSubstr("evaluate.destination.keep[0]: the data has no source 'names'"));
}

TEST_F(PredictionsRunTest, AnInputThatIsHandedThroughKeepsAllDigits) {
  workspace_.Write("ids.csv", "x,id\n1,123456789\n2,123456791\n");
  const auto run = Run(R"(
model: [{input: x}, {activation: linear, name: y}, {input: id}, {output: key}]
evaluate: {data: [{csv: ids.csv}], destination: out.csv}
)");
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(Written(), "sample,key,y\r\nids.csv:2,123456789,1\r\nids.csv:3,123456791,2\r\n");
  // Another number is shown as it is.
  const auto scaled = Run(R"(
model: [{input: id}, {output: key}]
evaluate:
  data: [{csv: ids.csv, columns: {id: {from: x, normalize: {mean: 1, std: 2}}}}]
  destination: out.csv
)");
  ASSERT_TRUE(scaled.ok()) << scaled.status();
  EXPECT_EQ(Written(), "sample,key\r\nids.csv:2,0\r\nids.csv:3,0.5\r\n");
}

TEST_F(PredictionsRunTest, SequencesHaveTheirLengths) {
  workspace_.Write("s.jsonl", "{\"x\": [[1], [2], [3], [4], [5]]}\n{\"x\": [[6], [7], [8]]}\n");
  const auto run = Run(R"(
model: [{input: x}, {pool: {size: 2, strides: 2}, name: y}]
evaluate: {data: [{jsonl: s.jsonl}], destination: out.csv}
)");
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(Written(), "sample,y[0],y[1],y length\r\ns.jsonl:1,2,4,2\r\ns.jsonl:2,7,,1\r\n");
}

TEST_F(PredictionsRunTest, WhatWasTrainedWithCtcIsReadWithoutLossAndTruth) {
  const std::string rows =
      "{\"x\": [[9,0],[9,0],[0,9],[0,9],[9,9]], \"n\": 5, \"t\": \"ab\", \"m\": 2}\n"
      "{\"x\": [[0,9],[0,9],[9,0]], \"n\": 3, \"t\": \"ba\", \"m\": 2}\n";
  workspace_.Write("s.jsonl", rows);
  const std::string model = R"(
settings: {seed: 4}
model: [{input: x}, {parallel: {apply: [{dense: 5}]}}, {activation: softmax}, {output: asr}]
)";
  const std::string training = R"(
loss: [{name: ctc, target: asr, input_length: n, output: t, output_length: m}]
train:
  data: [{jsonl: s.jsonl, columns: {x: x, n: n, m: m, t: {tokens: characters}}}]
  epochs: 60
  optimizer: {name: adam, learning_rate: 0.1}
  weights: {last: last.kur}
)";
  const auto trained = Run(model + training, Mode::kTrain);
  ASSERT_TRUE(trained.ok()) << trained.status();
  // Neither the vocabulary nor anything of the training is here.
  const std::string evaluation = R"(
evaluate:
  data: [{jsonl: new.jsonl, columns: [x]}]
  weights: last.kur
  destination: out.jsonl
  hooks: [transcript]
)";
  workspace_.Write("new.jsonl",
                   "{\"x\": [[0,9],[0,9],[9,0]]}\n{\"x\": [[9,0],[9,0],[0,9],[0,9]]}\n");
  const auto run = Run(model + evaluation);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(Written(), HasSubstr("\"asr length\":3,\"asr text\":\"ba\"}"));
  EXPECT_THAT(Written(), HasSubstr("\"asr length\":4,\"asr text\":\"ab\"}"));
  EXPECT_THAT(observer_.LogText(), HasSubstr("Prediction of new.jsonl:2: \"ab\"\n"));
}

}  // namespace
}  // namespace kur
