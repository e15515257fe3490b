#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/hooks/hook_test_util.h"

namespace kur {
namespace {

using testing::BuildTrainingHook;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using testing::RecordingHost;
using ::testing::SizeIs;

constexpr char kAllCharts[] =
    "{loss_per_batch: loss.svg, loss_per_time: time.svg, throughput_per_time: speed.svg}";

// The corners of the axes in the picture: the least values, and the greatest.
constexpr char kDiagonal[] = "d=\"M70.0 370.0L700.0 20.0\"";

TrainingStatus Running() {
  TrainingStatus status;
  status.phase = TrainingStatus::Phase::kRunning;
  return status;
}

TEST(PlotHookTest, DrawsNothingWhenTheTrainingStarts) {
  RecordingHost host;
  ASSERT_TRUE(BuildTrainingHook("plot", kAllCharts)->Notify({}, TrainingHistory(), &host).ok());
  EXPECT_THAT(host.files, IsEmpty());
}

TEST(PlotHookTest, DrawsOnlyTheChartsThatAreAskedFor) {
  RecordingHost host;
  const auto hook = BuildTrainingHook("plot", "loss.svg");
  ASSERT_TRUE(hook->Notify(Running(), TrainingHistory(), &host).ok());
  EXPECT_THAT(host.files, SizeIs(1));
  EXPECT_THAT(host.files, Contains(Key("loss.svg")));
}

TEST(PlotHookTest, ThroughputIsBatchesPerSecondBetweenPoints) {
  // 1 batch in the half second up to 1 s, 2 batches in the half second up to 1.5 s: 2 and 4 a
  // second, so that the line joins the corners.
  TrainingHistory history;
  history.AddBatch({1, 0.5, 9});
  history.AddBatch({2, 1.0, 8});
  history.AddBatch({4, 1.5, 7});
  RecordingHost host;
  ASSERT_TRUE(BuildTrainingHook("plot", kAllCharts)->Notify(Running(), history, &host).ok());
  EXPECT_THAT(host.files.at("speed.svg"), HasSubstr(kDiagonal));
  EXPECT_THAT(host.files.at("speed.svg"), HasSubstr(">batches in a second</text>"));
}

TEST(PlotHookTest, LossIsDrawnOverBatchesAndSecondsWithADotForEachValidation) {
  TrainingHistory history;
  history.AddBatch({1, 10, 1});
  history.AddBatch({2, 20, 2});
  history.AddValidation("", {2, 20, 1.5});
  RecordingHost host;
  ASSERT_TRUE(BuildTrainingHook("plot", kAllCharts)->Notify(Running(), history, &host).ok());
  for (const char* const file : {"loss.svg", "time.svg"}) {
    SCOPED_TRACE(file);
    EXPECT_THAT(host.files.at(file), HasSubstr(kDiagonal));
    EXPECT_THAT(host.files.at(file), HasSubstr("<circle cx=\"700.0\" cy=\"195.0\""));
    EXPECT_THAT(host.files.at(file), HasSubstr(">validation</text>"));
  }
  EXPECT_THAT(host.files.at("loss.svg"), HasSubstr(">batches</text>"));
  EXPECT_THAT(host.files.at("loss.svg"), Not(HasSubstr(">seconds</text>")));
  EXPECT_THAT(host.files.at("time.svg"), HasSubstr(">seconds</text>"));
}

}  // namespace
}  // namespace kur
