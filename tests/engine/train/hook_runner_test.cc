// Hooks in runs: what they get, what they say and what they write.

#include "engine/train/hook_runner.h"

#include <ATen/ops/tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/kurfile/yaml/yaml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RecordingObserver;
using testing::Workspace;

constexpr char kModel[] = R"(
model: [{input: point}, {dense: 1, name: above}]
loss: [{target: above, name: mean_squared_error}]
)";

class HookRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override { workspace_.WritePoints("data.pkl", 20); }

  // Runs `kModel` with more sections.
  void Run(Mode mode, const std::string& sections) {
    RunOptions options;
    options.mode = mode;
    const auto end = workspace_.Run(absl::StrCat(kModel, sections), &observer_, options);
    ASSERT_TRUE(end.ok()) << end.status();
  }

  std::vector<std::string> WrittenPaths() const {
    std::vector<std::string> paths;
    for (const auto& file : observer_.written) paths.push_back(file.info.file.path);
    return paths;
  }

  // Rows of a table that was written, without the titles.
  static std::vector<std::string> Rows(const std::string& csv) {
    std::vector<std::string> lines = absl::StrSplit(csv, "\r\n", absl::SkipEmpty());
    lines.erase(lines.begin());
    return lines;
  }

  Workspace workspace_;
  RecordingObserver observer_{workspace_.path()};
};

HookSpecs Parse(const std::string& section, const std::string& hooks) {
  Diagnostics diagnostics;
  const auto value = ParseYaml(hooks, std::make_shared<const std::string>("k.yml"));
  HookSpecs specs = ParseHooks(section, *value, &diagnostics);
  EXPECT_TRUE(diagnostics.ToStatus().ok()) << diagnostics.ToStatus();
  return specs;
}

TEST_F(HookRunnerTest, MnistCountsTheClasses) {
  HookRunner hooks(Parse("evaluate", "[mnist]"), observer_.host(), FetchOptions());
  HookData data;
  data.result["labels"] =
      at::tensor({.7F, .2F, .1F, .1F, .2F, .7F, .1F, .5F, .4F, .3F, .3F, .4F}).reshape({4, 3});
  data.truth["labels"] =
      at::tensor({1.F, 0.F, 0.F, 1.F, 0.F, 0.F, 0.F, 1.F, 0.F, 1.F, 0.F, 0.F}).reshape({4, 3});
  data.result["other"] = at::tensor({1.F});
  ASSERT_TRUE(hooks.Apply(data).ok());
  EXPECT_EQ(observer_.LogText(),
            "LABEL     CORRECT   TOTAL     ACCURACY\n"
            "0         1         3          33.3%\n"
            "1         1         1         100.0%\n"
            "2         0         0           0.0%\n"
            "ALL       2         4          50.0%\n");
}

TEST_F(HookRunnerTest, MnistSaysWhyItCannotCount) {
  HookRunner hooks(Parse("test", "[mnist]"), observer_.host(), FetchOptions());
  HookData data;
  data.result["y"] = at::tensor({1.F, 2.F}).reshape({2, 1});
  ASSERT_TRUE(hooks.Apply(data).ok());
  data.truth["y"] = at::tensor({1.F, 2.F});
  ASSERT_TRUE(hooks.Apply(data).ok());
  data.result["z"] = data.result["y"];
  ASSERT_TRUE(hooks.Apply(data).ok());
  std::vector<std::string> texts;
  for (const auto& [level, text] : observer_.logs) {
    EXPECT_EQ(level, LogLevel::kWarning);
    texts.push_back(text);
  }
  EXPECT_THAT(texts, ElementsAre(HasSubstr("the data has no 'y'"),
                                 HasSubstr("'y' is not one number for each class"),
                                 HasSubstr("several outputs, none of them 'labels'")));
}

TEST_F(HookRunnerTest, AnEvaluationGivesAllResultsToTheHooksAndThenToTheDestination) {
  Run(Mode::kEvaluate, R"(
evaluate:
  data: [{pickle: data.pkl}]
  provider: {batch_size: 7}
  hooks: [output: {path: hook.csv, format: csv}]
  destination: {path: results.csv, format: csv}
)");
  EXPECT_THAT(WrittenPaths(), ElementsAre("hook.csv", "results.csv"));
  EXPECT_EQ(Rows(observer_.written[0].content).size(), 20U);
  EXPECT_EQ(observer_.written[0].content, observer_.written[1].content);
}

TEST_F(HookRunnerTest, AHookIsPlaceEnoughForResults) {
  Run(Mode::kEvaluate, "evaluate: {data: [{pickle: data.pkl}], hooks: [output: r.pkl]}");
  EXPECT_THAT(WrittenPaths(), ElementsAre("r.pkl"));
  for (const auto& [level, text] : observer_.logs) {
    EXPECT_FALSE(absl::StrContains(text, "destination")) << text;
  }
}

TEST_F(HookRunnerTest, ATestGivesTheFirstBatchOfEverySet) {
  Run(Mode::kTest, R"(
test:
  data: {a: [{pickle: data.pkl}], b: [{pickle: data.pkl}]}
  provider: {batch_size: 7}
  hooks: [output: {path: batch.csv, format: csv}]
)");
  EXPECT_THAT(WrittenPaths(), ElementsAre("batch.csv", "batch.csv"));
  EXPECT_EQ(Rows(observer_.written[0].content).size(), 7U);
  EXPECT_THAT(observer_.written[0].content, HasSubstr("above,above expected"));
}

TEST_F(HookRunnerTest, TrainingIsDrawnAndValidationGivesABatch) {
  Run(Mode::kTrain, R"(
train:
  data: [{pickle: data.pkl}]
  epochs: 2
  hooks: [plot: {loss_per_batch: loss.svg, loss_per_time: t.svg, throughput_per_time: s.svg}]
validate:
  data: {a: [{pickle: data.pkl}], b: [{pickle: data.pkl}]}
  hooks: [output: {path: batch.csv, format: csv}]
)");
  std::string loss;
  std::string speed;
  int batches = 0;
  for (const auto& file : observer_.written) {
    if (file.info.file.path == "loss.svg") loss = file.content;
    if (file.info.file.path == "s.svg") speed = file.content;
    if (file.info.file.path == "batch.csv") ++batches;
  }
  EXPECT_EQ(batches, 4);
  EXPECT_THAT(loss, HasSubstr(">training</text>"));
  EXPECT_THAT(loss, HasSubstr(">validation: b</text>"));
  EXPECT_THAT(loss, HasSubstr("<circle"));
  EXPECT_THAT(speed, HasSubstr(">batches in a second</text>"));
  EXPECT_EQ(observer_.written.back().info.file.path, "s.svg");  // what was drawn is complete
}

TEST_F(HookRunnerTest, HooksThatAreNotRunAreLeftOut) {
  Diagnostics diagnostics;
  const auto value = ParseYaml("[kurhub: id]", std::make_shared<const std::string>("k.yml"));
  HookRunner hooks(ParseHooks("train", *value, &diagnostics), observer_.host(), FetchOptions());
  EXPECT_FALSE(hooks.has_training_hooks());
  EXPECT_THAT(observer_.logs, IsEmpty());
}

TEST_F(HookRunnerTest, TranscriptsAreShown) {
  HookData data;
  data.output_symbols["asr"] = {{"h", "e", "o"}, {"h", "e", "l", "l", "o"}};
  HookRunner hooks(Parse("test", "[transcript, transcript: {word: yes}]"), observer_.host(),
                   FetchOptions());
  ASSERT_TRUE(hooks.Apply(data).ok());
  EXPECT_EQ(observer_.LogText(),
            "Prediction: \"heo\"\nTruth: \"hello\"\n"
            "Prediction: \"h e o\"\nTruth: \"h e l l o\"\n");
  // Of several outputs the one that is meant.
  data.output_symbols["second"] = {};
  observer_.logs.clear();
  HookRunner chosen(Parse("test", "[transcript, transcript: {output: third}]"), observer_.host(),
                    FetchOptions());
  ASSERT_TRUE(chosen.Apply(data).ok());
  EXPECT_THAT(observer_.LogText(), HasSubstr("Prediction: \"heo\""));
  EXPECT_THAT(observer_.LogText(), HasSubstr("no transcripts for the output 'third'"));
}

TEST_F(HookRunnerTest, TextIsShown) {
  HookData data;
  HookRunner hooks(Parse("test", "[text]"), observer_.host(), FetchOptions());
  ASSERT_TRUE(hooks.Apply(data).ok());
  EXPECT_THAT(observer_.LogText(), HasSubstr("does not say what its numbers stand for"));
  observer_.logs.clear();
  data.input_symbols["before"] = {"a", "b"};
  data.output_symbols["after"] = {{"c"}, {"d"}};
  ASSERT_TRUE(hooks.Apply(data).ok());
  EXPECT_EQ(observer_.LogText(),
            "Input: before: \"ab\"\nPrediction: after: \"c\"\nTruth: after: \"d\"\n");
}

}  // namespace
}  // namespace kur
