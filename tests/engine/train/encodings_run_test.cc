// What a training learns of its data is kept with the weights, and used by every later run.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/train/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::RecordingObserver;
using testing::Workspace;

constexpr char kKurfile[] = R"(
model:
  - input: size
  - dense: 3
  - activation: softmax
    name: kind
loss: [{target: kind, name: categorical_crossentropy}]
train:
  data: [{csv: train.csv, columns: &columns {size: {from: [a, b], normalize: standard}, kind: {one_hot: yes}}}]
  provider: {batch_size: 4}
  epochs: 2
  weights: {initial: last.kur, last: last.kur}
validate:
  data: [{csv: train.csv, columns: *columns}]
test:
  data: [{csv: test.csv, columns: *columns}]
  weights: last.kur
evaluate:
  data: [{csv: test.csv, columns: *columns}]
  weights: last.kur
  destination: results.csv
)";

class EncodingsRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    workspace_.Write("train.csv",
                     "a,b,kind\n1,10,rose\n2,30,lily\n3,20,rose\n4,40,tulip\n5,0,lily\n");
  }

  absl::StatusOr<RunOutcome> Run(Mode mode, const std::string& kurfile = kKurfile) {
    RunOptions options;
    options.mode = mode;
    return workspace_.Run(kurfile, &observer_, options);
  }

  // The lines of the last file that was written, without the titles.
  std::vector<std::string> Rows() const {
    std::vector<std::string> rows = absl::StrSplit(observer_.written.back().content, "\r\n");
    rows.erase(rows.begin());
    return rows;
  }

  Workspace workspace_;
  RecordingObserver observer_{workspace_.path()};
};

TEST_F(EncodingsRunTest, ARowIsTheSameNumbersWhateverStandsBesideIt) {
  ASSERT_TRUE(Run(Mode::kTrain).ok());
  workspace_.Write("test.csv", *FileSystem::Posix().Read(workspace_.File("train.csv")));
  ASSERT_TRUE(Run(Mode::kEvaluate).ok());
  const std::vector<std::string> all = Rows();
  // One class only, and numbers whose mean and deviation are others.
  workspace_.Write("test.csv", "a,b,kind\n4,40,tulip\n");
  const auto evaluated = Run(Mode::kEvaluate);
  ASSERT_TRUE(evaluated.ok()) << evaluated.status();
  // The row is another one of its table.
  EXPECT_EQ(absl::StrReplaceAll(Rows()[0], {{"test.csv:2", "test.csv:5"}}), all[3]);
  EXPECT_THAT(observer_.written.back().content,
              ::testing::StartsWith("sample,kind[lily],kind[rose],kind[tulip],kind class,kind "
                                    "probability,kind expected\r\ntest.csv:2,"));
  EXPECT_THAT(all[3], ::testing::EndsWith(",tulip"));
  // What is only to be told need not be there.
  workspace_.Write("test.csv", "b,a\n40,4\n");
  const auto unlabelled = Run(Mode::kEvaluate);
  ASSERT_TRUE(unlabelled.ok()) << unlabelled.status();
  EXPECT_EQ(Rows()[0] + ",tulip", absl::StrReplaceAll(all[3], {{"test.csv:5", "test.csv:2"}}));
  workspace_.Write("test.csv", "a,b,kind\n4,40,tulip\n");
  const auto tested = Run(Mode::kTest);
  ASSERT_TRUE(tested.ok()) << tested.status();
  EXPECT_EQ(observer_.LogText(), "no weights at last.kur yet: beginning with fresh ones\n");
  // Training on goes on with the same numbers.
  workspace_.Write("train.csv", "a,b,kind\n4,40,tulip\n");
  ASSERT_TRUE(Run(Mode::kTrain).ok());
  const auto header = ReadCheckpointHeader(workspace_.File("last.kur"));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_THAT(header->encodings->at("kind").symbols, ElementsAre("lily", "rose", "tulip"));
  EXPECT_EQ(header->encodings->at("size").statistics.at("scale").size(), 2U);
}

TEST_F(EncodingsRunTest, AClassThatTheModelLacksIsAnErrorBeforeTheFirstBatch) {
  const std::string wrong = "sample 0 (test.csv:2) has 'yew', which is not among the 3 that the ";
  workspace_.Write("test.csv", "a,b,kind\n1,10,yew\n");
  const auto validating =
      Run(Mode::kTrain, absl::StrReplaceAll(kKurfile, {{"validate:\n  data: [{csv: train",
                                                        "validate:\n  data: [{csv: test"}}));
  EXPECT_THAT(std::string(validating.status().message()), HasSubstr(wrong + "training data has"));
  EXPECT_THAT(observer_.batches, IsEmpty());
  ASSERT_TRUE(Run(Mode::kTrain).ok());
  for (const Mode mode : {Mode::kTest, Mode::kEvaluate}) {
    EXPECT_THAT(std::string(Run(mode).status().message()),
                HasSubstr(wrong + "weights last.kur have for 'kind'"));
  }
}

TEST_F(EncodingsRunTest, GoingOnToOtherClassesIsAskedFor) {
  ASSERT_TRUE(Run(Mode::kTrain).ok());
  workspace_.Write("train.csv", "a,b,kind\n1,10,ash\n2,30,elm\n3,20,yew\n");
  const size_t batches = observer_.batches.size();
  EXPECT_THAT(std::string(Run(Mode::kTrain).status().message()),
              HasSubstr("has 'ash', which is not among the 3 that the weights last.kur have for "
                        "'kind'; train.weights.relearn: yes takes those of the data"));
  EXPECT_EQ(observer_.batches.size(), batches);
  const auto relearnt =
      Run(Mode::kTrain,
          absl::StrReplaceAll(kKurfile, {{"last: last.kur", "last: new.kur, relearn: yes"}}));
  ASSERT_TRUE(relearnt.ok()) << relearnt.status();
  const auto header = ReadCheckpointHeader(workspace_.File("new.kur"));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_THAT(header->encodings->at("kind").symbols, ElementsAre("ash", "elm", "yew"));
}

TEST_F(EncodingsRunTest, WeightsOfOthersAreWarnedOf) {
  ASSERT_TRUE(Run(Mode::kTrain).ok());
  auto checkpoint = ReadCheckpoint(workspace_.File("last.kur"));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  checkpoint->encodings.clear();
  workspace_.Write("last.kur", *SerializeCheckpoint(*checkpoint));
  workspace_.Write("test.csv", *FileSystem::Posix().Read(workspace_.File("train.csv")));
  const std::string given =
      absl::StrReplaceAll(kKurfile, {{"normalize: standard", "normalize: {mean: 3, std: 1}"}});
  ASSERT_TRUE(Run(Mode::kTest, given).ok());
  EXPECT_THAT(observer_.logs,
              Contains(Pair(LogLevel::kWarning,
                            HasSubstr("the weights last.kur have no word about how 'kind' became")))
                  .Times(1));
}

TEST_F(EncodingsRunTest, ALookAtTheDataCountsTheClassesOfTheTraining) {
  workspace_.Write("test.csv", "a,b,kind\n4,40,tulip\n");
  const auto looked = Run(Mode::kInspect);
  ASSERT_TRUE(looked.ok()) << looked.status();
  ASSERT_EQ(observer_.reports.size(), 4U);
  for (const DataReport& report : observer_.reports) {
    for (const DataReport::Source& source : report.sources) {
      if (source.name != "kind") continue;
      ASSERT_EQ(source.summary.classes.size(), 3U) << report.section;
      EXPECT_EQ(source.summary.classes[2].name, "tulip");
      EXPECT_EQ(source.summary.classes[2].count, 1);
    }
  }
}

// Zeros behind a text are no symbol, and least of all the first one.
TEST_F(EncodingsRunTest, TheHookTextShowsNoPadding) {
  workspace_.Write("words.jsonl", "{\"w\": [\"c\", \"a\", \"b\"], \"r\": [\"b\", \"a\", \"c\"]}\n");
  for (const std::string side : {"left", "right"}) {
    const size_t before = observer_.logs.size();
    const auto run = Run(Mode::kTest, absl::StrCat(R"(
model:
  - input: w
  - dense: 3
  - activation: softmax
    name: r
loss: [{target: r, name: categorical_crossentropy}]
test:
  data:
    - text:
        path: words.jsonl
        seq_len: 8
        vocabs: {w: [a, b, c], r: [a, b, c]}
        padding: {w: )",
                                                   side, ", r: ", side, R"(}
  hooks: [text:]
)"));
    ASSERT_TRUE(run.ok()) << run.status();
    std::vector<std::string> lines;
    for (size_t i = before; i < observer_.logs.size(); ++i) {
      if (observer_.logs[i].first == LogLevel::kInfo) lines.push_back(observer_.logs[i].second);
    }
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0], "Input: w: \"cab\"");
    EXPECT_EQ(lines[1].size(), std::string("Prediction: r: \"xxx\"").size());
    EXPECT_EQ(lines[2], "Truth: r: \"bac\"");
  }
}

}  // namespace
}  // namespace kur
