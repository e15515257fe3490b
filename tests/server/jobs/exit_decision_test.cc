#include "server/jobs/exit_decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/protocol/worker_paths.h"
#include "tests/server/testing/fake_launcher.h"

namespace kur::server {
namespace {

using ::testing::HasSubstr;

WorkerEnd Killed(int attempts_without_progress) {
  WorkerEnd end;
  end.exit = KilledBy(9);
  end.attempts_without_progress = attempts_without_progress;
  end.max_restarts = 16;
  return end;
}

TEST(ExitDecisionTest, TheOutcomeDecides) {
  WorkerEnd end = Killed(3);
  end.cancel_requested = true;
  end.outcome.emplace();
  end.outcome->set_state(v1::JOB_STATE_SUCCEEDED);
  end.outcome->set_reason("10 epochs");
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_FALSE(decision.restart);
  EXPECT_EQ(decision.state, v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(decision.reason, "10 epochs");
}

TEST(ExitDecisionTest, AnOutcomeThatIsNotFinalIsNone) {
  WorkerEnd end = Killed(1);
  end.outcome.emplace();
  EXPECT_TRUE(DecideAfterExit(end).restart);
}

TEST(ExitDecisionTest, WithoutAnOutcomeACancelledJobIsCancelled) {
  for (const WorkerExit& exit : {KilledBy(9), ExitedWith(1), WorkerExit()}) {
    WorkerEnd end;
    end.exit = exit;
    end.cancel_requested = true;
    EXPECT_EQ(DecideAfterExit(end).state, v1::JOB_STATE_CANCELLED);
    EXPECT_THAT(DecideAfterExit(end).reason, HasSubstr("without having written"));
  }
}

TEST(ExitDecisionTest, AKilledWorkerIsStartedAgainAndTheSignalNamed) {
  const ExitDecision decision = DecideAfterExit(Killed(1));
  EXPECT_TRUE(decision.restart);
  EXPECT_THAT(decision.reason, HasSubstr("killed by signal 9 (SIGKILL)"));
}

TEST(ExitDecisionTest, WhereStartingAgainWouldNotHelpTheJobFails) {
  WorkerEnd end = Killed(1);
  end.kill_reason = "its events are too many";
  end.kill_is_final = true;
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_FALSE(decision.restart);
  EXPECT_EQ(decision.state, v1::JOB_STATE_FAILED);
  EXPECT_EQ(decision.reason, "the worker was killed because its events are too many");
}

TEST(ExitDecisionTest, MemoryThatRanOutIsSaidWithItsLimit) {
  WorkerEnd end = Killed(1);
  end.exit.exceeded_memory = int64_t{8} << 30;
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_FALSE(decision.restart);
  EXPECT_EQ(decision.state, v1::JOB_STATE_FAILED);
  EXPECT_THAT(decision.reason, HasSubstr("out of memory: the worker needed more than the limit of "
                                         "8.0 GiB"));
  EXPECT_THAT(decision.reason, HasSubstr("smaller"));
}

TEST(ExitDecisionTest, AJobThatGotFurtherBeforeMemoryRanOutGoesOnAsOftenAsItMay) {
  WorkerEnd end = Killed(0);
  end.progressed = true;
  end.exit.exceeded_memory = int64_t{8} << 30;
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_TRUE(decision.restart);
  EXPECT_TRUE(decision.counts);
  EXPECT_THAT(decision.reason, HasSubstr("out of memory"));
  end.restarts = end.max_restarts;
  EXPECT_EQ(DecideAfterExit(end).state, v1::JOB_STATE_FAILED);
}

TEST(ExitDecisionTest, ABusErrorIsExplained) {
  WorkerEnd end;
  end.exit = KilledBy(7);
  end.max_restarts = 1;
  EXPECT_THAT(DecideAfterExit(end).reason,
              HasSubstr("signal 7 (SIGBUS), as happens when a data file is cut"));
}

TEST(ExitDecisionTest, ThreeDeathsWithoutProgressEndTheJob) {
  WorkerEnd end = Killed(3);
  end.log_tail = "cannot allocate\n";
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_FALSE(decision.restart);
  EXPECT_EQ(decision.state, v1::JOB_STATE_FAILED);
  EXPECT_THAT(decision.reason,
              HasSubstr("killed by signal 9 (SIGKILL) three times without progress; if memory ran "
                        "out"));
  EXPECT_THAT(decision.reason, HasSubstr("cannot allocate"));
}

TEST(ExitDecisionTest, ProgressEarnsMoreAttempts) {
  WorkerEnd end = Killed(3);
  end.progressed = true;
  EXPECT_TRUE(DecideAfterExit(end).restart);
}

TEST(ExitDecisionTest, ARestartOfTheMachineIsNotTheJobsFault) {
  WorkerEnd end;
  end.exit.host_restarted = true;
  end.attempts_without_progress = 10;
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_TRUE(decision.restart);
  EXPECT_THAT(decision.reason, HasSubstr("machine was restarted"));
}

TEST(ExitDecisionTest, InACopyOfTheStateDirectoryTheJobIsStartedAgain) {
  WorkerEnd end;
  end.exit.is_of_original = true;
  end.attempts_without_progress = 10;
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_TRUE(decision.restart);
  EXPECT_THAT(decision.reason, HasSubstr("this state directory is a copy"));
}

TEST(ExitDecisionTest, RestartsAreBounded) {
  WorkerEnd end = Killed(1);
  end.progressed = true;
  end.restarts = 15;
  EXPECT_TRUE(DecideAfterExit(end).restart);
  EXPECT_TRUE(DecideAfterExit(end).counts);
  end.restarts = 16;
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_FALSE(decision.restart);
  EXPECT_EQ(decision.state, v1::JOB_STATE_FAILED);
  EXPECT_THAT(decision.reason, HasSubstr("SIGKILL); it is not started again after 16 of at most 16 "
                                         "restarts (kurctl submit --max-restarts)"));
}

TEST(ExitDecisionTest, WhatTheJobIsNotToBlameForDoesNotCount) {
  WorkerEnd host_restarted;
  host_restarted.exit.host_restarted = true;
  WorkerEnd copied;
  copied.exit.is_of_original = true;
  WorkerEnd moved;
  moved.directory_moved = true;
  WorkerEnd unseen;
  unseen.seen = false;
  for (WorkerEnd end : {host_restarted, copied, moved, unseen}) {
    end.attempts_without_progress = 10;
    EXPECT_TRUE(DecideAfterExit(end).restart);
    EXPECT_FALSE(DecideAfterExit(end).counts);
  }
}

TEST(ExitDecisionTest, AWorkerThatKurdKilledIsStartedAgainHoweverItEnded) {
  WorkerEnd end;
  end.exit = ExitedWith(1);
  end.kill_reason = "it hung";
  end.max_restarts = 1;
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_TRUE(decision.restart);
  EXPECT_TRUE(decision.counts);
  EXPECT_THAT(decision.reason, HasSubstr("the worker was killed because it hung; it is started"));
}

TEST(ExitDecisionTest, AnExitCodeIsAFailureWithTheLastWordsOfTheLog) {
  WorkerEnd end;
  end.exit = ExitedWith(7);
  end.log_tail = "Traceback: no\n";
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_EQ(decision.state, v1::JOB_STATE_FAILED);
  EXPECT_THAT(decision.reason, HasSubstr("exited with code 7"));
  EXPECT_THAT(decision.reason, HasSubstr("Traceback: no"));
}

TEST(ExitDecisionTest, AFullDiskIsSaidThoughTheWorkerCouldNotWriteIt) {
  WorkerEnd end;
  end.exit = ExitedWith(worker::kNoSpaceExitCode);
  const ExitDecision decision = DecideAfterExit(end);
  EXPECT_EQ(decision.state, v1::JOB_STATE_FAILED);
  EXPECT_THAT(decision.reason, HasSubstr("the disk of the server is full"));
  EXPECT_THAT(decision.reason, HasSubstr("free some space there, then submit the job again"));
}

}  // namespace
}  // namespace kur::server
