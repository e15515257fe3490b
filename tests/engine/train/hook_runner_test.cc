// Hooks in runs: which data they get, and when.

#include "engine/train/hook_runner.h"

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
  HookRunner hooks(Parse("train", "[kurhub: id]"), observer_.host(), FetchOptions());
  EXPECT_FALSE(hooks.has_training_hooks());
  EXPECT_THAT(observer_.logs, IsEmpty());
}

}  // namespace
}  // namespace kur
