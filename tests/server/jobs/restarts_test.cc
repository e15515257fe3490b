// Workers that are killed or hang are started again, a bounded number of times.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/server/testing/job_test.h"

namespace kur::server {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class RestartsTest : public JobTest {
 protected:
  std::string SubmitWith(int max_restarts) {
    v1::SubmitJobRequest request = TestServer::Request("bounded");
    request.set_max_restarts(max_restarts);
    const auto job = jobs().Submit({"ann"}, request);
    EXPECT_THAT(job, IsOk());
    jobs().WaitUntilIdle();
    return job->name();
  }

  // Lets kurd look after its workers for so long.
  void Pass(int64_t seconds) {
    for (int64_t passed = 0; passed < seconds; passed += 5) {
      server_.seconds_passed += 5;
      jobs().WaitUntilIdle();
    }
  }

  std::vector<std::string> Warnings(const std::string& name) {
    std::vector<std::string> warnings;
    for (const v1::Event& event : server_.Events(name)) {
      if (event.has_log_line()) warnings.push_back(event.log_line().text());
    }
    return warnings;
  }
};

TEST_F(RestartsTest, AJobThatSavesEachTimeIsStillNotRestartedForEver) {
  const std::string name = SubmitWith(5);
  int64_t saved = 0;
  int64_t sequence = 1;
  while (server_.Get(name).state() != kFailed) {
    ASSERT_LE(saved, 5) << "it goes on for ever";
    FakeWorker worker(server_, name);
    worker.next_sequence = sequence;
    ASSERT_THAT(worker.Connect(), IsOk());
    ASSERT_THAT(worker.Report(FakeWorker::Saved(++saved)), IsOk());
    sequence = worker.next_sequence;
    server_.EndWorker(name, KilledBy(SIGKILL));
  }
  const v1::Job job = server_.Get(name);
  EXPECT_EQ(job.attempts(), 6);
  EXPECT_EQ(job.restarts(), 5);
  EXPECT_EQ(job.max_restarts(), 5);
  EXPECT_THAT(job.reason(), HasSubstr("after 5 of at most 5 restarts"));
}

TEST_F(RestartsTest, AJobThatTrainsButSavesNothingIsGivenUpAfterThreeAttempts) {
  const std::string name = server_.Submit("r1");
  for (int i = 1; i <= 3; ++i) {
    FakeWorker worker(server_, name);
    worker.next_sequence = 2 * i - 1;
    ASSERT_THAT(worker.Connect(), IsOk());
    ASSERT_THAT(worker.Report({FakeWorker::Started(), FakeWorker::Batches(1, 1, 10 * i)}), IsOk());
    server_.EndWorker(name, KilledBy(SIGKILL));
  }
  EXPECT_EQ(server_.Get(name).state(), kFailed);
  EXPECT_THAT(server_.Get(name).reason(), HasSubstr("three times without progress"));
}

TEST_F(RestartsTest, ARestartOfTheMachineIsNoneOfTheThreeAttempts) {
  const std::string name = server_.Submit("r1");
  WorkerExit host_restarted;
  host_restarted.host_restarted = true;
  // It may come at any time.
  server_.EndWorker(name, KilledBy(SIGKILL));
  for (int i = 0; i < 5; ++i) server_.EndWorker(name, host_restarted);
  server_.EndWorker(name, KilledBy(SIGKILL));
  server_.EndWorker(name, host_restarted);
  EXPECT_EQ(server_.Get(name).attempts(), 9);
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Get(name).state(), kFailed);
  EXPECT_THAT(server_.Get(name).reason(), HasSubstr("three times without progress"));
}

TEST_F(RestartsTest, NeitherIsTheEndOfAWorkerThatNobodySaw) {
  const std::string name = server_.Submit("r1");
  for (int i = 0; i < 4; ++i) {
    server_.Crash();
    server_.launcher.End(name, KilledBy(SIGKILL));
    server_.Start();
  }
  for (int i = 0; i < 2; ++i) server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Get(name).attempts(), 7);
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Get(name).state(), kFailed);
}

TEST_F(RestartsTest, WhatWasExcusedBeforeProgressIsNotExcusedTwice) {
  const std::string name = server_.Submit("r1");
  WorkerExit host_restarted;
  host_restarted.host_restarted = true;
  for (int i = 0; i < 3; ++i) server_.EndWorker(name, host_restarted);
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(worker.Report(FakeWorker::Saved(1)), IsOk());
  server_.EndWorker(name, KilledBy(SIGKILL));
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(server_.Get(name).state(), kFailed) << i;
    server_.EndWorker(name, KilledBy(SIGKILL));
  }
  EXPECT_EQ(server_.Get(name).state(), kFailed);
}

TEST_F(RestartsTest, NoRestartMeansNone) {
  const std::string name = SubmitWith(0);
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Get(name).state(), kFailed);
  EXPECT_EQ(server_.Get(name).attempts(), 1);
}

TEST_F(RestartsTest, TheCountSurvivesKurdWhichDoesNotAddToIt) {
  const std::string name = server_.Submit("r1");
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Get(name).restarts(), 1);
  server_.Crash();
  server_.launcher.End(name, KilledBy(SIGKILL));
  server_.Start();
  EXPECT_EQ(server_.Get(name).attempts(), 3);
  EXPECT_EQ(server_.Get(name).restarts(), 1);
  EXPECT_EQ(server_.Get(name).max_restarts(), 16);
}

TEST_F(RestartsTest, ANumberBelowZeroIsRefused) {
  v1::SubmitJobRequest request = TestServer::Request("r1");
  request.set_max_restarts(-1);
  EXPECT_THAT(jobs().Submit({"ann"}, request),
              FailsWith(absl::StatusCode::kInvalidArgument, "max_restarts is from 0 to"));
}

TEST_F(RestartsTest, AWorkerThatDoesNotAnswerIsToldOfKilledAndStartedAgain) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  Pass(40);
  EXPECT_THAT(server_.Get(name).reason(), HasSubstr("the worker has not answered for"));
  EXPECT_THAT(server_.launcher.signals(), IsEmpty());
  Pass(30);
  EXPECT_THAT(server_.launcher.signals(), Contains(Pair(name, SIGKILL)));
  EXPECT_THAT(Warnings(name), Contains(HasSubstr("has not answered for 1m: killing it")));
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_THAT(Warnings(name), Contains(HasSubstr("killed because it hung")));
  EXPECT_EQ(server_.Get(name).attempts(), 2);
  EXPECT_EQ(server_.Get(name).restarts(), 1);
  EXPECT_EQ(server_.Get(name).reason(), "") << "nothing is known of the new worker";
}

TEST_F(RestartsTest, ALongBatchIsLeftInPeace) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  for (int minute = 0; minute < 60; ++minute) {
    ASSERT_THAT(worker.Beat(absl::Minutes(minute)), IsOk());
    Pass(50);
  }
  EXPECT_THAT(server_.launcher.signals(), IsEmpty());
  EXPECT_THAT(Warnings(name), Contains(HasSubstr("but computes: cancel the job if it hangs")))
      << "people are told once";
  EXPECT_THAT(Warnings(name), SizeIs(1));
}

TEST_F(RestartsTest, ARunThatNeitherReportsNorComputesIsStartedAgain) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  for (int minute = 0; minute < 40 && server_.launcher.signals().empty(); ++minute) {
    ASSERT_THAT(worker.Beat(absl::Seconds(7)), IsOk());
    Pass(50);
  }
  EXPECT_THAT(server_.launcher.signals(), Contains(Pair(name, SIGKILL)));
  EXPECT_THAT(Warnings(name), Contains(HasSubstr("uses no processor: killing it")));
}

TEST_F(RestartsTest, AWorkerThatIsCancelledIsNotJudged) {
  server_.cancel_grace = absl::Hours(1);
  server_.Restart();
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  Pass(100);
  EXPECT_THAT(server_.launcher.signals(), IsEmpty());
}

TEST_F(RestartsTest, AKurdThatWasStoppedAccusesNobody) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  server_.seconds_passed += 3600;
  jobs().WaitUntilIdle();
  EXPECT_THAT(server_.launcher.signals(), IsEmpty());
  EXPECT_EQ(server_.Get(name).reason(), "");
}

// What the worker writes would go to the old place.
TEST_F(RestartsTest, AfterAMoveOfTheStateDirectoryWorkersAreStartedAgainInTheNewPlace) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  server_.Crash();
  v1::WorkerSpec spec = server_.Spec(name);
  spec.set_run_directory(server_.directory.path() + "/before/runs/" + name);
  ASSERT_THAT(WriteFileAtomically(server_.files, server_.layout.Run(name) + "/job.pb",
                                  spec.SerializeAsString()),
              IsOk());
  server_.Start();
  EXPECT_THAT(server_.launcher.signals(), Contains(Pair(name, SIGKILL)));
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Get(name).attempts(), 2);
  EXPECT_EQ(server_.Get(name).restarts(), 0);
  EXPECT_THAT(Warnings(name), Contains(HasSubstr("the state directory was moved")));
  EXPECT_EQ(server_.Spec(name).run_directory(), server_.layout.Run(name));
}

// The copy of a state directory has the secret, too.
TEST_F(RestartsTest, AWorkerOfAnotherStateDirectoryMayNotConnect) {
  const std::string name = server_.Submit("r1");
  v1::WorkerSpec spec = server_.Spec(name);
  v1::Hello hello;
  hello.set_job(name);
  hello.set_secret(spec.secret());
  hello.set_attempt(spec.attempt());
  hello.set_run_directory_id("1:2");
  const auto active = *jobs().JobOfWorker(name);
  EXPECT_THAT(active->Connect(hello, std::make_shared<FakeLink>()),
              FailsWith(absl::StatusCode::kPermissionDenied, "another state directory"));
}

}  // namespace
}  // namespace kur::server
