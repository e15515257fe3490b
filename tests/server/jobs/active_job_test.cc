#include "server/jobs/active_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/server/testing/job_test.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class ActiveJobTest : public JobTest {};

TEST_F(ActiveJobTest, ARunHasEveryStateInItsEvents) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  EXPECT_EQ(server_.Get(name).state(), kRunning);
  server_.EndWorker(name, kSucceeded);
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kStarting, kRunning, kSucceeded));
  const auto events = server_.Events(name);
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].number(), static_cast<int64_t>(i) + 1);
  }
}

TEST_F(ActiveJobTest, ProgressIsShownWhileRunningAndAfterwards) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(worker.Report(FakeWorker::Batches(3, 1, 5)), IsOk());
  EXPECT_EQ(server_.Get(name).progress().batch(), 5);
  server_.EndWorker(name, kSucceeded);
  EXPECT_EQ(server_.Get(name).progress().epoch(), 3);
}

TEST_F(ActiveJobTest, PackedEpochsCountAsTheEventsThatTheyAre) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  EXPECT_EQ(*worker.Report(FakeWorker::PackedEpochs(50)), 2);
  EXPECT_EQ(server_.Get(name).progress().epoch(), 50);
  v1::Event bad = FakeWorker::PackedEpochs(50);
  bad.mutable_packed()->set_rounds(51);
  EXPECT_THAT(worker.Report(bad), FailsWith(absl::StatusCode::kInvalidArgument, "packed"));
}

TEST_F(ActiveJobTest, TheWorkerIsToldHowManyBytesOfEventsItMayHaveAndHas) {
  server_.event_bytes = 1 << 20;
  server_.Restart();
  const std::string name = server_.Submit("r1");
  EXPECT_EQ(server_.Spec(name).event_bytes(), 1 << 20);
  EXPECT_LT(server_.Spec(name).event_bytes_used(), 100);
  v1::Event line;
  line.mutable_log_line()->set_text(std::string(1000, 'x'));
  ASSERT_THAT(RunningWorker(name).Report(line), IsOk());
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_GT(server_.Spec(name).event_bytes_used(), 1000);
}

TEST_F(ActiveJobTest, AWorkerThatReportsFarMoreThanItMayIsKilledAndTheJobFails) {
  server_.event_bytes = 1 << 20;
  server_.Restart();
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  v1::Event line;
  line.mutable_log_line()->set_text(std::string(900 << 10, 'x'));
  ASSERT_THAT(worker.Report({line, line}), IsOk()) << "a job may have some more than it should";
  EXPECT_THAT(worker.Report(line), FailsWith(absl::StatusCode::kFailedPrecondition, "twice the"));
  jobs().WaitUntilIdle();
  ASSERT_FALSE(server_.launcher.signals().empty());
  EXPECT_THAT(server_.launcher.signals()[0], Pair(name, SIGKILL));
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Get(name).state(), kFailed);
  EXPECT_THAT(server_.Get(name).reason(),
              HasSubstr("killed because its events have taken twice the 1 MiB"));
}

TEST_F(ActiveJobTest, EventsThatAreSentAgainAreTakenOnce) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(worker.Report(FakeWorker::Batches(1, 1, 1)), IsOk());
  const size_t count = server_.Events(name).size();
  EXPECT_EQ(*worker.Connect(), 2) << "what is durable";
  worker.next_sequence = 1;
  EXPECT_EQ(*worker.Report({FakeWorker::Started(), FakeWorker::Batches(1, 1, 1),
                            FakeWorker::Batches(1, 2, 1)}),
            3);
  EXPECT_EQ(server_.Events(name).size(), count + 1);
}

TEST_F(ActiveJobTest, AGapInTheEventsIsRefused) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  worker.next_sequence = 5;
  EXPECT_THAT(
      worker.Report(FakeWorker::Batches(1, 1, 1)),
      FailsWith(absl::StatusCode::kOutOfRange, "expected the event after the worker's 1, got 5"));
}

TEST_F(ActiveJobTest, AWorkerCannotChangeTheStateOfItsJob) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  v1::Event event;
  event.mutable_state_changed()->set_state(kSucceeded);
  EXPECT_THAT(worker.Report(event), FailsWith(absl::StatusCode::kInvalidArgument, "state"));
}

TEST_F(ActiveJobTest, AnArtifactCannotLieOutOfItsFolder) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  EXPECT_FALSE(worker.Report(ArtifactEvent("../../kurd.db", "x")).ok());
  EXPECT_THAT(*jobs().Artifacts({"ann"}, name), IsEmpty());
}

TEST_F(ActiveJobTest, AnArtifactHasASizeAndADigest) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  v1::Event event = ArtifactEvent("last.w", "x");
  event.mutable_artifact_written()->set_size(-1);
  EXPECT_THAT(worker.Report(event), FailsWith(absl::StatusCode::kInvalidArgument, "size"));
  event = ArtifactEvent("last.w", "x");
  event.mutable_artifact_written()->set_sha256("../x");
  worker.next_sequence = 2;
  EXPECT_THAT(worker.Report(event), FailsWith(absl::StatusCode::kInvalidArgument, "SHA-256"));
}

TEST_F(ActiveJobTest, AnEventThatNoClientCouldBeSentIsRefused) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  v1::Event event;
  event.mutable_log_line()->set_text(std::string(17 << 20, 'x'));
  EXPECT_THAT(worker.Report(event), FailsWith(absl::StatusCode::kInvalidArgument, "too large"));
}

TEST_F(ActiveJobTest, ANewerConnectionReplacesTheOlder) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  const auto older = worker.link;
  ASSERT_THAT(worker.Connect(), IsOk());
  ASSERT_TRUE(older->closed.has_value());
  EXPECT_EQ(older->closed->code(), absl::StatusCode::kAborted);
  const auto active = *jobs().JobOfWorker(name);
  EXPECT_THAT(active->AppendWorkerEvents(older.get(), {}),
              FailsWith(absl::StatusCode::kAborted, "newer"));
}

TEST_F(ActiveJobTest, OnlyTheJobsOwnWorkerMayConnect) {
  const std::string name = server_.Submit("r1");
  const auto active = *jobs().JobOfWorker(name);
  v1::Hello hello;
  hello.set_job(name);
  hello.set_secret("guess");
  hello.set_attempt(1);
  const auto link = std::make_shared<FakeLink>();
  EXPECT_EQ(active->Connect(hello, link).status(), NoSuchJob(name));
  hello.set_secret(server_.Spec(name).secret());
  hello.set_attempt(2);
  EXPECT_THAT(active->Connect(hello, link),
              FailsWith(absl::StatusCode::kPermissionDenied, "another worker"));
  EXPECT_EQ(jobs().JobOfWorker("nobody-1").status(), NoSuchJob("nobody-1"));
}

TEST_F(ActiveJobTest, CancellingARunningJobTellsItsWorker) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre("cancel"));
  EXPECT_EQ(server_.Get(name).state(), kRunning);
  EXPECT_EQ(server_.Get(name).reason(), "is being cancelled");
  server_.EndWorker(name, kCancelled, "cancelled");
  EXPECT_EQ(server_.Get(name).state(), kCancelled);
}

TEST_F(ActiveJobTest, AWorkerThatConnectsLaterIsTold) {
  const std::string name = server_.Submit("r1");
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  FakeWorker worker(server_, name);
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre("cancel"));
}

TEST_F(ActiveJobTest, CancellingTwiceAsksOnce) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  EXPECT_EQ(worker.link->commands.size(), 1u);
}

TEST_F(ActiveJobTest, AWorkerThatFinishesDespiteTheCancelHasSucceeded) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  server_.EndWorker(name, kSucceeded);
  EXPECT_EQ(server_.Get(name).state(), kSucceeded);
}

TEST_F(ActiveJobTest, AWorkerThatDoesNotEndIsSignalled) {
  server_.cancel_grace = absl::ZeroDuration();
  server_.Restart();
  const std::string name = server_.Submit("r1");
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  while (server_.launcher.signals().size() < 2) jobs().WaitUntilIdle();
  EXPECT_THAT(server_.launcher.signals()[0], Pair(name, SIGTERM));
  EXPECT_THAT(server_.launcher.signals()[1], Pair(name, SIGKILL));
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Get(name).state(), kCancelled);
}

TEST_F(ActiveJobTest, ACheckpointIsAskedForOnlyOfARunningJob) {
  const std::string name = server_.Submit("r1");
  constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(jobs().RequestCheckpoint({"ann"}, name), FailsWith(kPrecondition, "is starting"));
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(jobs().RequestCheckpoint({"ann"}, name), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre("checkpoint 1"));
  server_.EndWorker(name, kSucceeded);
  EXPECT_THAT(jobs().RequestCheckpoint({"ann"}, name), FailsWith(kPrecondition, "ended"));
}

TEST_F(ActiveJobTest, ACommandIsSentOnEveryConnectionUntilItIsDone) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  worker.link.reset();
  for (int i = 0; i < 2; ++i) ASSERT_THAT(jobs().RequestCheckpoint({"ann"}, name), IsOk());
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre("checkpoint 1", "checkpoint 2"));
  ASSERT_THAT(worker.Report(FakeWorker::Done(1)), IsOk());
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre("checkpoint 2"));
  ASSERT_THAT(worker.Report(FakeWorker::Done(2)), IsOk());
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.link->Sent(), IsEmpty());
}

TEST_F(ActiveJobTest, AWorkerThatIsFarBehindIsAskedForNoMore) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  absl::Status asked;
  int accepted = 0;
  while ((asked = jobs().RequestCheckpoint({"ann"}, name)).ok()) ++accepted;
  EXPECT_THAT(asked, FailsWith(absl::StatusCode::kResourceExhausted, "still to write"));
  EXPECT_EQ(accepted, 32);
}

TEST_F(ActiveJobTest, AWorkerIsToldNothingBeforeItIsWelcomed) {
  const std::string name = server_.Submit("r1");
  const auto active = *jobs().JobOfWorker(name);
  v1::Hello hello;
  hello.set_secret(server_.Spec(name).secret());
  const auto link = std::make_shared<FakeLink>();
  ASSERT_THAT(active->Connect(hello, link), IsOk());
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  EXPECT_THAT(link->Sent(), IsEmpty());
  active->OnWelcomed();
  EXPECT_THAT(link->Sent(), ElementsAre("cancel"));
}

TEST_F(ActiveJobTest, AKilledWorkerIsStartedAgainWithAWarning) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  server_.EndWorker(name, KilledBy(SIGSEGV));
  const v1::Job job = server_.Get(name);
  EXPECT_EQ(job.state(), kStarting);
  EXPECT_EQ(job.attempts(), 2);
  EXPECT_EQ(server_.launcher.launches().size(), 2u);
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kStarting, kRunning, kQueued, kStarting));
  std::vector<std::string> warnings;
  for (const v1::Event& event : server_.Events(name)) {
    if (event.has_log_line()) warnings.push_back(event.log_line().text());
  }
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("signal 11 (SIGSEGV)")));
}

TEST_F(ActiveJobTest, ANewWorkerGivesNoNumberAgainThatIsTaken) {
  const std::string name = server_.Submit("r1");
  EXPECT_EQ(server_.Spec(name).acknowledged_sequence(), 0);
  ASSERT_THAT(RunningWorker(name).Report(FakeWorker::Batches(1, 1, 1)), IsOk());
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Spec(name).acknowledged_sequence(), 2);
}

TEST_F(ActiveJobTest, AWorkerMayEndBeforeItsLaunchIsOver) {
  server_.launcher.EndAtOnce(KilledBy(SIGKILL));
  const std::string name = server_.Submit("r1");
  EXPECT_EQ(server_.Get(name).state(), kFailed);
  EXPECT_EQ(server_.launcher.launches().size(), 3u);
}

TEST_F(ActiveJobTest, ThreeDeathsWithoutProgressFailTheJob) {
  const std::string name = server_.Submit("r1");
  for (int i = 0; i < 3; ++i) server_.EndWorker(name, KilledBy(SIGKILL));
  const v1::Job job = server_.Get(name);
  EXPECT_EQ(job.state(), kFailed);
  EXPECT_EQ(job.attempts(), 3);
  EXPECT_THAT(job.reason(), HasSubstr("killed by signal 9 (SIGKILL) three times"));
}

TEST_F(ActiveJobTest, AWorkerThatExitsWithoutAnOutcomeFailsWithItsLog) {
  const std::string name = server_.Submit("r1");
  std::ofstream(server_.layout.Run(name) + "/worker.log")
      << std::string(5000, 'x') << "\nthe last line\n";
  server_.EndWorker(name, ExitedWith(127));
  const v1::Job job = server_.Get(name);
  EXPECT_EQ(job.state(), kFailed);
  EXPECT_THAT(job.reason(), HasSubstr("exited with code 127"));
  EXPECT_THAT(job.reason(), HasSubstr("the last line"));
  EXPECT_LT(job.reason().size(), 2500u);
}

// A text that is no UTF-8 cannot be sent, nor read back from the events.
TEST_F(ActiveJobTest, ALogThatIsNoTextHarmsNeitherTheJobNorItsEvents) {
  const std::string name = server_.Submit("r1");
  std::ofstream(server_.layout.Run(name) + "/worker.log") << "caf\xe9\n";
  server_.EndWorker(name, ExitedWith(127));
  server_.Restart();
  v1::Job sent;
  EXPECT_TRUE(sent.ParseFromString(server_.Get(name).SerializeAsString()));
  EXPECT_THAT(sent.reason(), HasSubstr("caf\xef\xbf\xbd"));
  EXPECT_EQ(server_.States(name).back(), kFailed);
}

TEST_F(ActiveJobTest, WhatTheWorkerCouldNotSendIsTakenFromItsSpool) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  {
    auto spool = RecordLogWriter::Open(server_.files, server_.layout.Run(name) + "/spool.log");
    ASSERT_THAT(spool, IsOk());
    for (int64_t sequence = 1; sequence <= 3; ++sequence) {
      v1::Event event = sequence == 1 ? FakeWorker::Started() : FakeWorker::Batches(1, sequence, 1);
      event.set_worker_sequence(sequence);
      ASSERT_THAT((*spool)->Append(event.SerializeAsString()), IsOk());
    }
  }
  server_.EndWorker(name, kSucceeded);
  std::vector<int64_t> sequences;
  for (const v1::Event& event : server_.Events(name)) {
    if (event.worker_sequence() > 0) sequences.push_back(event.worker_sequence());
  }
  EXPECT_THAT(sequences, ElementsAre(1, 2, 3));
  EXPECT_EQ(server_.States(name).back(), kSucceeded);
}

TEST_F(ActiveJobTest, AFullDiskLosesNoEventAndIsOverWhenThereIsSpace) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  server_.files.full = true;
  EXPECT_THAT(worker.Report(FakeWorker::Batches(1, 1, 1)),
              FailsWith(absl::StatusCode::kResourceExhausted, "space"));
  server_.files.full = false;
  worker.next_sequence = 2;
  EXPECT_EQ(*worker.Report(FakeWorker::Batches(1, 1, 1)), 2);
}

TEST_F(ActiveJobTest, AfterAFailedSyncNothingMoreIsAccepted) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  server_.files.fail_syncs = true;
  EXPECT_FALSE(worker.Report(FakeWorker::Batches(1, 1, 1)).ok());
  server_.files.fail_syncs = false;
  EXPECT_THAT(jobs().Submit({"ann"}, TestServer::Request("r2")),
              FailsWith(absl::StatusCode::kUnavailable, "restart kurd"));
}

}  // namespace
}  // namespace kur::server
