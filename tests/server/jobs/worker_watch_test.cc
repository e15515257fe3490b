#include "server/jobs/worker_watch.h"

#include <gtest/gtest.h>

namespace kur::server {
namespace {

class WorkerWatchTest : public ::testing::Test {
 protected:
  // Looks as often as kurd does, for `duration`, with a sign of life each time if the worker lives.
  WorkerHealth Pass(absl::Duration duration, bool lives, double share_of_processor = 0) {
    WorkerHealth health = watch_.Look(uptime_);
    for (const absl::Duration end = uptime_ + duration; uptime_ < end;) {
      uptime_ += WorkerWatch::kLookInterval;
      used_ += share_of_processor * WorkerWatch::kLookInterval;
      if (lives) watch_.OnHeartbeat(used_);
      health = watch_.Look(uptime_);
    }
    return health;
  }

  WorkerWatch watch_{{absl::Seconds(60), absl::Minutes(30)}};
  absl::Duration uptime_ = absl::Hours(1000);
  absl::Duration used_ = absl::Seconds(100);
};

TEST_F(WorkerWatchTest, AWorkerThatGivesNoSignOfLifeIsUnresponsive) {
  EXPECT_EQ(Pass(absl::Seconds(55), /*lives=*/false), WorkerHealth::kFine);
  EXPECT_EQ(watch_.Describe(), "the worker has not answered for 55s");
  EXPECT_EQ(Pass(absl::Seconds(5), /*lives=*/false), WorkerHealth::kUnresponsive);
}

TEST_F(WorkerWatchTest, ASignOfLifeEndsTheSuspicion) {
  Pass(absl::Seconds(55), /*lives=*/false);
  watch_.OnHeard();
  EXPECT_EQ(Pass(absl::Seconds(55), /*lives=*/false), WorkerHealth::kFine);
}

// kurd was stopped, or the machine slept: nobody could be heard.
TEST_F(WorkerWatchTest, TimeInWhichNobodyLookedAccusesNobody) {
  Pass(absl::Seconds(50), /*lives=*/false);
  uptime_ += absl::Hours(8);
  EXPECT_EQ(watch_.Look(uptime_), WorkerHealth::kFine);
}

TEST_F(WorkerWatchTest, ALongBatchIsNoHang) {
  EXPECT_EQ(Pass(absl::Minutes(29), /*lives=*/true, 0.9), WorkerHealth::kFine);
  EXPECT_EQ(watch_.Describe(), "the worker has reported nothing for 29m, but computes");
  EXPECT_EQ(Pass(absl::Hours(20), /*lives=*/true, 0.9), WorkerHealth::kSilent);
}

TEST_F(WorkerWatchTest, ARunThatNeitherReportsNorComputesIsIdle) {
  EXPECT_EQ(Pass(absl::Minutes(29), /*lives=*/true, 0.001), WorkerHealth::kFine);
  EXPECT_EQ(watch_.Describe(), "the worker has reported nothing for 29m and uses no processor");
  EXPECT_EQ(Pass(absl::Minutes(1), /*lives=*/true, 0.001), WorkerHealth::kIdle);
}

TEST_F(WorkerWatchTest, WhatIsFoundIsWhatIsSaid) {
  Pass(absl::Minutes(30), /*lives=*/true);
  EXPECT_EQ(Pass(absl::Seconds(30), /*lives=*/false), WorkerHealth::kIdle);
  EXPECT_EQ(watch_.Describe(), "the worker has reported nothing for 30m30s and uses no processor");
  EXPECT_EQ(Pass(absl::Seconds(25), /*lives=*/false), WorkerHealth::kUnresponsive);
  EXPECT_EQ(watch_.Describe(), "the worker has not answered for 1m");
}

TEST_F(WorkerWatchTest, AnEventIsActivity) {
  Pass(absl::Minutes(29), /*lives=*/true);
  watch_.OnEvents();
  EXPECT_EQ(watch_.Describe(), "");
  EXPECT_EQ(Pass(absl::Minutes(29), /*lives=*/true), WorkerHealth::kFine);
}

TEST_F(WorkerWatchTest, OnlyWhatWasComputedSinceTheLastReportCounts) {
  Pass(absl::Minutes(10), /*lives=*/true, 1);
  watch_.OnEvents();
  EXPECT_EQ(Pass(absl::Minutes(30), /*lives=*/true), WorkerHealth::kIdle);
}

TEST_F(WorkerWatchTest, AnInfiniteLimitIsNeverReached) {
  watch_ = WorkerWatch({absl::Seconds(60), absl::InfiniteDuration()});
  EXPECT_EQ(Pass(absl::Hours(5), /*lives=*/true), WorkerHealth::kFine);
}

TEST_F(WorkerWatchTest, AnotherWorkerBeginsWithAGoodName) {
  Pass(absl::Minutes(2), /*lives=*/false);
  watch_.Restart();
  EXPECT_EQ(watch_.Look(uptime_), WorkerHealth::kFine);
}

}  // namespace
}  // namespace kur::server
