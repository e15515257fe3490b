// The time of day is set while jobs run: deadlines and durations are what they would be.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/server/testing/job_test.h"

namespace kur::server {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Pair;

class ClockTest : public JobTest {
 protected:
  void Pass(int64_t seconds) {
    server_.seconds_passed += seconds;
    jobs().WaitUntilIdle();
  }
  // Sets the time of day.
  void Step(int64_t seconds) { server_.seconds_stepped += seconds; }

  int64_t Elapsed(const std::string& name) { return server_.Get(name).elapsed().seconds(); }
};

TEST_F(ClockTest, AWorkerThatDoesNotEndIsKilledThoughTheClockWasSetBack) {
  server_.cancel_grace = absl::Seconds(30);
  server_.Restart();
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  Step(-3600);
  Pass(20);
  EXPECT_THAT(server_.launcher.signals(), IsEmpty());
  Pass(20);
  EXPECT_THAT(server_.launcher.signals(), Contains(Pair(name, SIGTERM)));
}

TEST_F(ClockTest, AClockThatIsSetForthKillsNobody) {
  server_.cancel_grace = absl::Seconds(30);
  server_.Restart();
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  Step(3600);
  Pass(20);
  EXPECT_THAT(server_.launcher.signals(), IsEmpty());
}

TEST_F(ClockTest, TheElapsedTimeOfAJobIsRight) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  Pass(100);
  Step(-3600);
  Pass(20);
  EXPECT_GE(Elapsed(name), 120);
  EXPECT_LT(Elapsed(name), 180);
  server_.EndWorker(name, kSucceeded);
  Pass(1000);
  EXPECT_GE(Elapsed(name), 120);
  EXPECT_LT(Elapsed(name), 180) << "the job has ended";
}

TEST_F(ClockTest, TheElapsedTimeGoesOnAcrossARestartOfKurd) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  Pass(100);
  Step(-3600);
  server_.Restart();
  EXPECT_GE(Elapsed(name), 100);
  EXPECT_LT(Elapsed(name), 160);
}

TEST_F(ClockTest, AfterARestartOfTheMachineOnlyTheTimeOfDayIsLeft) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  server_.Crash();
  server_.boot_id = "another";
  server_.launcher.RestartHost();
  server_.seconds_passed += 100;
  server_.Start();
  EXPECT_GE(Elapsed(name), 100);
  EXPECT_LT(Elapsed(name), 160);
  Step(-7200);
  EXPECT_EQ(Elapsed(name), 0) << "never negative";
}

TEST_F(ClockTest, AJobThatWasNeverStartedHasNoElapsedTime) {
  server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  EXPECT_FALSE(server_.Get(second).has_elapsed());
  ASSERT_THAT(jobs().Cancel({"ann"}, second), IsOk());
  EXPECT_FALSE(server_.Get(second).has_elapsed());
}

}  // namespace
}  // namespace kur::server
