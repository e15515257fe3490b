// Results keep who they are about: what of the data is carried through, lengths, and texts.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "engine/formats/pickle/pickle_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/formats/wav_test_util.h"
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
              HasSubstr("evaluate.destination.keep[0]: nothing of the data has a column 'names'"));
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

TEST_F(PredictionsRunTest, WhatIsKeptNeverPassesForSomethingElse) {
  workspace_.Write("k.csv", "sample,y,x\nblood-7,high,1\nblood-8,low,2\n");
  const std::string kurfile = R"(
model: [{input: x}, {activation: linear, name: y}]
evaluate:
  data: [{csv: k.csv, columns: [x]}]
  destination: {path: OUT, keep: [sample, y]}
)";
  ASSERT_TRUE(Run(absl::StrReplaceAll(kurfile, {{"OUT", "o.csv"}})).ok());
  EXPECT_EQ(
      Written(),
      "sample,sample (data),y (data),y\r\nk.csv:2,blood-7,high,1\r\nk.csv:3,blood-8,low,2\r\n");
  ASSERT_TRUE(Run(absl::StrReplaceAll(kurfile, {{"OUT", "o.jsonl"}})).ok());
  EXPECT_THAT(Written(),
              HasSubstr("\"sample (data)\":\"blood-7\",\"y (data)\":\"high\",\"y\":1.0}"));
}

TEST_F(PredictionsRunTest, NumbersOfJsonAreKeptAsTheyAreWritten) {
  workspace_.Write("k.jsonl",
                   "{\"id\": 11898508762506083287, \"x\": 1.10}\n{\"id\": -7, \"x\": NaN}\n");
  const auto run = Run(R"(
model: [{input: one}, {activation: linear, name: y}]
evaluate:
  data: [{jsonl: k.jsonl, columns: {one: {from: id, normalize: {mean: 0, std: 1.0e+19}}}}]
  destination: {path: o.csv, keep: [id, x]}
)");
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(Written(), HasSubstr("k.jsonl:1,11898508762506083287,1.10,"));
  EXPECT_THAT(Written(), HasSubstr("k.jsonl:2,-7,,"));
}

TEST_F(PredictionsRunTest, ResultsHaveTheUnitsOfTheData) {
  workspace_.Write("t.csv", "x,price\n1,100000\n2,200000\n3,300000\n");
  const std::string kurfile = R"(
model: [{input: x}, {dense: 1, name: price}]
loss: [{target: price, name: mean_squared_error}]
train:
  data: [{csv: t.csv, columns: {x: x, price: {normalize: KIND}}}]
  epochs: 200
  optimizer: {name: adam, learning_rate: 0.1}
  weights: {last: last.kur}
evaluate:
  data: [{csv: new.csv, columns: {x: x, price: {normalize: KIND}}}]
  weights: last.kur
  destination: o.csv
)";
  for (const char* kind : {"standard", "{mean: 200000, std: 100000}"}) {
    const std::string text = absl::StrReplaceAll(kurfile, {{"KIND", kind}});
    ASSERT_TRUE(Run(text, Mode::kTrain).ok());
    workspace_.Write("new.csv", "x,price\n2,200000\n");
    ASSERT_TRUE(Run(text).ok());
    const std::string row = Written().substr(Written().find('\n') + 1);
    const size_t number = row.find(',') + 1;
    EXPECT_NEAR(std::stod(row.substr(number)), 200000, 2000) << kind;
    EXPECT_NEAR(std::stod(row.substr(row.find(',', number) + 1)), 200000, 0.1) << kind;
    workspace_.Write("new.csv", "x\n2\n");
    ASSERT_TRUE(Run(text).ok());
    EXPECT_THAT(Written(), HasSubstr("sample,price\r\nnew.csv:2,"));
  }
}

TEST_F(PredictionsRunTest, WhatCannotBeReadCountsForNothing) {
  std::vector<int16_t> samples;
  for (int k = 0; k < 1600; ++k) samples.push_back(static_cast<int16_t>(k % 50 * 100));
  const std::string sound = Wav({}, samples);
  for (const char* name : {"set/hi/1.wav", "set/lo/2.wav", "set/lo/3.wav"}) {
    workspace_.Write(name, sound);
  }
  workspace_.Write("set/hi/4.wav", sound.substr(0, 600));
  const std::string kurfile = R"(
settings: {seed: 1}
model: [{input: audio}, {pool: {type: average}}, {dense: 2}, {activation: softmax, name: labels}]
loss: [{target: labels, name: categorical_crossentropy}]
train: {data: [{audio_folder: {path: set, type: mfcc}}], epochs: 1, weights: {last: last.kur}}
test: {data: [{audio_folder: {path: set, type: mfcc}}], weights: last.kur}
evaluate:
  data: [{audio_folder: {path: set, type: mfcc}}]
  weights: last.kur
  destination: o.csv
)";
  const auto trained = Run(kurfile, Mode::kTrain);
  ASSERT_TRUE(trained.ok()) << trained.status();
  ASSERT_TRUE(Run(kurfile, Mode::kTest).ok());
  EXPECT_EQ(observer_.evaluations.back().samples, 3);
  ASSERT_TRUE(Run(kurfile).ok());
  const size_t row = Written().find("hi/4");
  ASSERT_NE(row, std::string::npos) << Written();
  EXPECT_EQ(Written().substr(row, Written().find('\r', row) - row), "hi/4,nan,nan,,nan,");
}

TEST_F(PredictionsRunTest, InputsThatAreNoNumbersAreCounted) {
  PickleValue::Dict dict;
  dict.emplace_back(PickleValue("x"),
                    PickleValue(*Array::FromValues<float>({4}, {1, NAN, 3, NAN})));
  workspace_.Write("x.pkl", FormatPickle(PickleValue::MakeDict(std::move(dict))));
  const auto run = Run(R"(
model: [{input: x}, {activation: linear, name: y}]
evaluate: {data: [{pickle: x.pkl}], destination: o.csv}
)");
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(
      observer_.LogText(),
      HasSubstr("2 samples have inputs that are not a number (NaN), and so have its results; "
                "the first is sample 1\n"));
}

}  // namespace
}  // namespace kur
