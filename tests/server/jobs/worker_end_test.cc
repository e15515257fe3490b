#include "server/jobs/worker_end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/testing/fake_launcher.h"

namespace kur::server {
namespace {

using ::testing::HasSubstr;

WorkerEnd Killed(int attempts_without_progress) {
  WorkerEnd end;
  end.exit = KilledBy(9);
  end.attempts_without_progress = attempts_without_progress;
  return end;
}

TEST(WorkerEndTest, TheOutcomeDecides) {
  WorkerEnd end = Killed(3);
  end.cancel_requested = true;
  end.outcome.emplace();
  end.outcome->set_state(v1::JOB_STATE_SUCCEEDED);
  end.outcome->set_reason("10 epochs");
  const WorkerVerdict verdict = Judge(end);
  EXPECT_FALSE(verdict.restart);
  EXPECT_EQ(verdict.state, v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(verdict.reason, "10 epochs");
}

TEST(WorkerEndTest, AnOutcomeThatIsNotFinalIsNone) {
  WorkerEnd end = Killed(1);
  end.outcome.emplace();
  EXPECT_TRUE(Judge(end).restart);
}

TEST(WorkerEndTest, WithoutAnOutcomeACancelledJobIsCancelled) {
  for (const WorkerExit& exit : {KilledBy(9), ExitedWith(1), WorkerExit()}) {
    WorkerEnd end;
    end.exit = exit;
    end.cancel_requested = true;
    EXPECT_EQ(Judge(end).state, v1::JOB_STATE_CANCELLED);
  }
}

TEST(WorkerEndTest, AKilledWorkerIsStartedAgainAndTheSignalNamed) {
  const WorkerVerdict verdict = Judge(Killed(1));
  EXPECT_TRUE(verdict.restart);
  EXPECT_THAT(verdict.reason, HasSubstr("killed by signal 9 (SIGKILL)"));
}

TEST(WorkerEndTest, ABusErrorIsExplained) {
  WorkerEnd end;
  end.exit = KilledBy(7);
  EXPECT_THAT(Judge(end).reason,
              HasSubstr("signal 7 (SIGBUS), as happens when a data file is cut"));
}

TEST(WorkerEndTest, ThreeDeathsWithoutProgressEndTheJob) {
  WorkerEnd end = Killed(3);
  end.log_tail = "cannot allocate\n";
  const WorkerVerdict verdict = Judge(end);
  EXPECT_FALSE(verdict.restart);
  EXPECT_EQ(verdict.state, v1::JOB_STATE_FAILED);
  EXPECT_THAT(verdict.reason,
              HasSubstr("killed by signal 9 (SIGKILL) three times without progress; if memory ran "
                        "out"));
  EXPECT_THAT(verdict.reason, HasSubstr("cannot allocate"));
}

TEST(WorkerEndTest, ProgressEarnsMoreAttempts) {
  WorkerEnd end = Killed(3);
  end.progressed = true;
  EXPECT_TRUE(Judge(end).restart);
}

TEST(WorkerEndTest, ARestartOfTheMachineIsNotTheJobsFault) {
  WorkerEnd end;
  end.machine_restarted = true;
  end.attempts_without_progress = 10;
  const WorkerVerdict verdict = Judge(end);
  EXPECT_TRUE(verdict.restart);
  EXPECT_THAT(verdict.reason, HasSubstr("machine was restarted"));
}

TEST(WorkerEndTest, AnExitCodeIsAFailureWithTheLastWordsOfTheLog) {
  WorkerEnd end;
  end.exit = ExitedWith(7);
  end.log_tail = "Traceback: no\n";
  const WorkerVerdict verdict = Judge(end);
  EXPECT_EQ(verdict.state, v1::JOB_STATE_FAILED);
  EXPECT_THAT(verdict.reason, HasSubstr("exited with code 7"));
  EXPECT_THAT(verdict.reason, HasSubstr("Traceback: no"));
}

}  // namespace
}  // namespace kur::server
