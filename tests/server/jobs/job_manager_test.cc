#include "server/jobs/job_manager.h"

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
#include "tests/server/testing/test_server.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr auto kQueued = v1::JOB_STATE_QUEUED;
constexpr auto kStarting = v1::JOB_STATE_STARTING;
constexpr auto kRunning = v1::JOB_STATE_RUNNING;
constexpr auto kSucceeded = v1::JOB_STATE_SUCCEEDED;
constexpr auto kFailed = v1::JOB_STATE_FAILED;
constexpr auto kCancelled = v1::JOB_STATE_CANCELLED;

class JobManagerTest : public ::testing::Test {
 protected:
  JobManager& jobs() { return *server_.jobs; }

  // A job whose worker has reported that it has started.
  FakeWorker RunningWorker(const std::string& job) {
    FakeWorker worker(server_, job);
    EXPECT_THAT(worker.Connect(), IsOk());
    EXPECT_THAT(worker.Report(FakeWorker::Started()), IsOk());
    return worker;
  }

  v1::Event ArtifactEvent(const std::string& path, const std::string& content) {
    v1::Event event;
    v1::Artifact& artifact = *event.mutable_artifact_written();
    artifact.set_path(path);
    artifact.set_kind(v1::Artifact::KIND_CHECKPOINT);
    artifact.set_size(static_cast<int64_t>(content.size()));
    artifact.set_sha256(Sha256Hex(content));
    return event;
  }

  TestServer server_;
};

TEST_F(JobManagerTest, AJobStartsOnAFreeDevice) {
  const std::string name = server_.Submit("r1");
  const v1::Job job = server_.Get(name);
  EXPECT_EQ(job.state(), kStarting);
  EXPECT_THAT(job.devices(), ElementsAre("cpu0"));
  EXPECT_EQ(job.attempts(), 1);
  EXPECT_TRUE(job.has_started_at());
  EXPECT_EQ(job.worker_pid(), server_.launcher.PidOf(name));
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kStarting));
}

TEST_F(JobManagerTest, WhoLooksWaitsForNoJobThatSynchronizes) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  absl::Notification release;
  server_.files.hold_syncs = &release;
  std::thread reporting([&] { EXPECT_THAT(worker.Report(ArtifactEvent("a", "b")), IsOk()); });
  server_.files.held.WaitForNotification();
  absl::Notification seen;
  std::thread looking([&] {
    EXPECT_EQ(server_.Get(name).state(), kRunning);
    EXPECT_EQ(jobs().List("ann", {})->jobs_size(), 1);
    EXPECT_EQ(jobs().DeviceHolders().size(), 1U);
    seen.Notify();
  });
  EXPECT_TRUE(seen.WaitForNotificationWithTimeout(absl::Seconds(10)));
  server_.files.hold_syncs = nullptr;
  release.Notify();
  reporting.join();
  looking.join();
}

TEST_F(JobManagerTest, TheWorkerFindsEverythingInItsRunDirectory) {
  const std::string name = server_.Submit("r1");
  const v1::WorkerSpec spec = server_.Spec(name);
  EXPECT_EQ(spec.job(), name);
  EXPECT_EQ(*server_.files.Read(spec.source_directory() + "/" + spec.kurfile(), 1 << 20),
            TestServer::kKurfile);
  ASSERT_EQ(spec.inputs_size(), 1);
  EXPECT_EQ(spec.inputs(0).path(), "data.pkl");
  EXPECT_EQ(*server_.files.Read(spec.inputs(0).file(), 1 << 20), TestServer::kData);
  EXPECT_EQ(spec.workspace(), server_.layout.Workspace("ann", "default"));
  EXPECT_TRUE(IsDirectory(spec.workspace()));
  EXPECT_TRUE(IsDirectory(spec.home()));
  EXPECT_EQ(spec.device(), "cpu");
  EXPECT_EQ(spec.threads(), 1);
  EXPECT_EQ(spec.seed(), server_.Get(name).seed());
  EXPECT_EQ(spec.secret().size(), 32u);
}

TEST_F(JobManagerTest, ASecondJobWaitsAndSaysWhy) {
  server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  const v1::Job job = server_.Get(second);
  EXPECT_EQ(job.state(), kQueued);
  EXPECT_NE(job.reason(), "");
}

TEST_F(JobManagerTest, ANextJobStartsWhenTheDeviceIsFree) {
  const std::string first = server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  server_.EndWorker(first, kSucceeded, "1 epoch");
  EXPECT_EQ(server_.Get(first).state(), kSucceeded);
  EXPECT_EQ(server_.Get(first).reason(), "1 epoch");
  EXPECT_EQ(server_.Get(second).state(), kStarting);
  EXPECT_EQ(server_.Get(second).reason(), "");
}

TEST_F(JobManagerTest, ARunHasEveryStateInItsEvents) {
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

TEST_F(JobManagerTest, ProgressIsShownWhileRunningAndAfterwards) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(worker.Report(FakeWorker::Batches(3, 1, 5)), IsOk());
  EXPECT_EQ(server_.Get(name).progress().batch(), 5);
  server_.EndWorker(name, kSucceeded);
  EXPECT_EQ(server_.Get(name).progress().epoch(), 3);
}

TEST_F(JobManagerTest, EventsThatAreSentAgainAreTakenOnce) {
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

TEST_F(JobManagerTest, AGapInTheEventsIsRefused) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  worker.next_sequence = 5;
  EXPECT_THAT(worker.Report(FakeWorker::Batches(1, 1, 1)),
              FailsWith(absl::StatusCode::kOutOfRange, "expected the worker's event 2, got 5"));
}

TEST_F(JobManagerTest, AWorkerCannotChangeTheStateOfItsJob) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  v1::Event event;
  event.mutable_state_changed()->set_state(kSucceeded);
  EXPECT_THAT(worker.Report(event), FailsWith(absl::StatusCode::kInvalidArgument, "state"));
}

TEST_F(JobManagerTest, AnArtifactCannotLieOutOfItsFolder) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  EXPECT_FALSE(worker.Report(ArtifactEvent("../../kurd.db", "x")).ok());
  EXPECT_THAT(*jobs().Artifacts("ann", name), IsEmpty());
}

TEST_F(JobManagerTest, ANewerConnectionReplacesTheOlder) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  const auto older = worker.link;
  ASSERT_THAT(worker.Connect(), IsOk());
  ASSERT_TRUE(older->closed.has_value());
  EXPECT_EQ(older->closed->code(), absl::StatusCode::kAborted);
  const auto live = *jobs().JobOfWorker(name);
  EXPECT_THAT(live->TakeEvents(older.get(), {}), FailsWith(absl::StatusCode::kAborted, "newer"));
}

TEST_F(JobManagerTest, OnlyTheJobsOwnWorkerMayConnect) {
  const std::string name = server_.Submit("r1");
  const auto live = *jobs().JobOfWorker(name);
  v1::Hello hello;
  hello.set_job(name);
  hello.set_secret("guess");
  hello.set_pid(server_.launcher.PidOf(name));
  const auto link = std::make_shared<FakeLink>();
  constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
  EXPECT_THAT(live->Connect(hello, link), FailsWith(kDenied, "secret"));
  hello.set_secret(server_.Spec(name).secret());
  hello.set_pid(hello.pid() + 1);
  EXPECT_THAT(live->Connect(hello, link), FailsWith(kDenied, "another process"));
  EXPECT_THAT(jobs().JobOfWorker("nobody-1"), FailsWith(absl::StatusCode::kNotFound, "nobody-1"));
}

TEST_F(JobManagerTest, AnEndedJobHasNoWorkerToWelcome) {
  const std::string name = server_.Submit("r1");
  server_.EndWorker(name, kSucceeded);
  EXPECT_THAT(jobs().JobOfWorker(name), FailsWith(absl::StatusCode::kNotFound, "ended"));
}

TEST_F(JobManagerTest, CancellingAQueuedJobEndsItAtOnce) {
  server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  const auto job = jobs().Cancel("ann", second);
  ASSERT_THAT(job, IsOk());
  EXPECT_EQ(job->state(), kCancelled);
  EXPECT_THAT(server_.States(second), ElementsAre(kQueued, kCancelled));
}

TEST_F(JobManagerTest, CancellingARunningJobTellsItsWorker) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(jobs().Cancel("ann", name), IsOk());
  EXPECT_THAT(worker.link->commands, ElementsAre(v1::Command::KIND_CANCEL));
  EXPECT_EQ(server_.Get(name).state(), kRunning);
  server_.EndWorker(name, kCancelled, "cancelled");
  EXPECT_EQ(server_.Get(name).state(), kCancelled);
}

TEST_F(JobManagerTest, AWorkerThatConnectsLaterIsTold) {
  const std::string name = server_.Submit("r1");
  ASSERT_THAT(jobs().Cancel("ann", name), IsOk());
  FakeWorker worker(server_, name);
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.link->commands, ElementsAre(v1::Command::KIND_CANCEL));
}

TEST_F(JobManagerTest, CancellingTwiceAsksOnce) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(jobs().Cancel("ann", name), IsOk());
  ASSERT_THAT(jobs().Cancel("ann", name), IsOk());
  EXPECT_EQ(worker.link->commands.size(), 1u);
}

TEST_F(JobManagerTest, AnEndedJobCannotBeCancelledAndStaysWhatItIs) {
  const std::string name = server_.Submit("r1");
  server_.EndWorker(name, kSucceeded);
  EXPECT_THAT(jobs().Cancel("ann", name),
              FailsWith(absl::StatusCode::kFailedPrecondition, "it is succeeded"));
  EXPECT_EQ(server_.Get(name).state(), kSucceeded);
}

TEST_F(JobManagerTest, AWorkerThatFinishesDespiteTheCancelHasSucceeded) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  ASSERT_THAT(jobs().Cancel("ann", name), IsOk());
  server_.EndWorker(name, kSucceeded);
  EXPECT_EQ(server_.Get(name).state(), kSucceeded);
}

TEST_F(JobManagerTest, AWorkerThatDoesNotEndIsSignalled) {
  server_.cancel_grace = absl::ZeroDuration();
  server_.Restart();
  const std::string name = server_.Submit("r1");
  ASSERT_THAT(jobs().Cancel("ann", name), IsOk());
  while (server_.launcher.signals().size() < 2) jobs().Settle();
  EXPECT_THAT(server_.launcher.signals()[0], Pair(name, SIGTERM));
  EXPECT_THAT(server_.launcher.signals()[1], Pair(name, SIGKILL));
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Get(name).state(), kCancelled);
}

TEST_F(JobManagerTest, ACheckpointIsAskedForOnlyOfARunningJob) {
  const std::string name = server_.Submit("r1");
  constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(jobs().Checkpoint("ann", name), FailsWith(kPrecondition, "is starting"));
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(jobs().Checkpoint("ann", name), IsOk());
  EXPECT_THAT(worker.link->commands, ElementsAre(v1::Command::KIND_CHECKPOINT));
  worker.link.reset();
  ASSERT_THAT(jobs().Checkpoint("ann", name), IsOk());
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.link->commands, ElementsAre(v1::Command::KIND_CHECKPOINT));
  server_.EndWorker(name, kSucceeded);
  EXPECT_THAT(jobs().Checkpoint("ann", name), FailsWith(kPrecondition, "ended"));
}

TEST_F(JobManagerTest, AKilledWorkerIsStartedAgainWithAWarning) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  server_.EndWorker(name, KilledBy(SIGSEGV));
  const v1::Job job = server_.Get(name);
  EXPECT_EQ(job.state(), kStarting);
  EXPECT_EQ(job.attempts(), 2);
  EXPECT_EQ(server_.launcher.launches().size(), 2u);
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kStarting, kRunning, kStarting));
  std::vector<std::string> warnings;
  for (const v1::Event& event : server_.Events(name)) {
    if (event.has_log_line()) warnings.push_back(event.log_line().text());
  }
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("signal 11 (SIGSEGV)")));
}

TEST_F(JobManagerTest, ANewWorkerGivesNoNumberAgainThatIsTaken) {
  const std::string name = server_.Submit("r1");
  EXPECT_EQ(server_.Spec(name).acknowledged_sequence(), 0);
  ASSERT_THAT(RunningWorker(name).Report(FakeWorker::Batches(1, 1, 1)), IsOk());
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Spec(name).acknowledged_sequence(), 2);
}

TEST_F(JobManagerTest, ThreeDeathsWithoutProgressFailTheJob) {
  const std::string name = server_.Submit("r1");
  for (int i = 0; i < 3; ++i) server_.EndWorker(name, KilledBy(SIGKILL));
  const v1::Job job = server_.Get(name);
  EXPECT_EQ(job.state(), kFailed);
  EXPECT_EQ(job.attempts(), 3);
  EXPECT_THAT(job.reason(), HasSubstr("killed by signal 9 (SIGKILL) three times"));
}

TEST_F(JobManagerTest, AWorkerThatExitsWithoutAnOutcomeFailsWithItsLog) {
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

TEST_F(JobManagerTest, WhatTheWorkerCouldNotSendIsTakenFromItsSpool) {
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

TEST_F(JobManagerTest, AWorkerThatCannotBeStartedFailsTheJob) {
  server_.launcher.FailLaunches(absl::NotFoundError("no kurd-worker"));
  const std::string name = server_.Submit("r1");
  EXPECT_EQ(server_.Get(name).state(), kFailed);
  EXPECT_THAT(server_.Get(name).reason(), HasSubstr("no kurd-worker"));
}

TEST_F(JobManagerTest, AFullDiskLosesNoEventAndIsOverWhenThereIsSpace) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  server_.files.full = true;
  EXPECT_THAT(worker.Report(FakeWorker::Batches(1, 1, 1)),
              FailsWith(absl::StatusCode::kResourceExhausted, "space"));
  server_.files.full = false;
  worker.next_sequence = 2;
  EXPECT_EQ(*worker.Report(FakeWorker::Batches(1, 1, 1)), 2);
}

TEST_F(JobManagerTest, AfterAFailedSyncNothingMoreIsAccepted) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  server_.files.fail_syncs = true;
  EXPECT_FALSE(worker.Report(FakeWorker::Batches(1, 1, 1)).ok());
  server_.files.fail_syncs = false;
  EXPECT_THAT(jobs().Submit("ann", TestServer::Request("r2")),
              FailsWith(absl::StatusCode::kUnavailable, "restart kurd"));
}

TEST_F(JobManagerTest, PrefixesNameOnlyTheCallersJobs) {
  const std::string mine = server_.Submit("r1", "ann");
  const std::string other = server_.Submit("r2", "bob");
  EXPECT_EQ(server_.Get("ci").name(), mine);
  EXPECT_EQ(server_.Get("cifar-", "bob").name(), other);
  const std::string second = server_.Submit("r3", "ann");
  EXPECT_THAT(jobs().Get("ann", "ci"),
              FailsWith(absl::StatusCode::kInvalidArgument, absl::StrCat(mine, ", ", second)));
  EXPECT_THAT(jobs().Get("ann", "x"), FailsWith(absl::StatusCode::kNotFound, "'x'"));
  EXPECT_THAT(jobs().Get("ann", ""), FailsWith(absl::StatusCode::kInvalidArgument, "required"));
}

TEST_F(JobManagerTest, AnExactNameIsNoPrefix) {
  for (int i = 1; i <= 11; ++i) server_.Submit(absl::StrCat("r", i));
  EXPECT_EQ(server_.Get("cifar-1").name(), "cifar-1");
}

TEST_F(JobManagerTest, NothingOfAnotherUserCanBeTouched) {
  const std::string name = server_.Submit("r1", "bob");
  constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
  EXPECT_THAT(jobs().Get("ann", name), FailsWith(kDenied, "another user"));
  EXPECT_THAT(jobs().Cancel("ann", name), FailsWith(kDenied, "another user"));
  EXPECT_THAT(jobs().Checkpoint("ann", name), FailsWith(kDenied, "another user"));
  EXPECT_THAT(jobs().Events("ann", name), FailsWith(kDenied, "another user"));
  EXPECT_THAT(jobs().Artifacts("ann", name), FailsWith(kDenied, "another user"));
  EXPECT_THAT(jobs().OpenArtifact("ann", name, "last.w", ""), FailsWith(kDenied, "another user"));
  EXPECT_THAT(jobs().List("ann", {})->jobs(), IsEmpty());
  EXPECT_THAT(jobs().Get("ann", "cif"), FailsWith(absl::StatusCode::kNotFound, "cif"));
}

TEST_F(JobManagerTest, ListsInPages) {
  for (int i = 1; i <= 3; ++i) server_.Submit(absl::StrCat("r", i));
  v1::ListJobsRequest request;
  request.set_page_size(2);
  auto page = jobs().List("ann", request);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->jobs_size(), 2);
  EXPECT_EQ(page->jobs(0).name(), "cifar-3");
  EXPECT_NE(page->jobs(0).reason(), "") << "why it waits is shown in lists, too";
  request.set_page_token(page->next_page_token());
  page = jobs().List("ann", request);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->jobs_size(), 1);
  EXPECT_EQ(page->next_page_token(), "");
  request.set_page_token("nonsense");
  EXPECT_THAT(jobs().List("ann", request),
              FailsWith(absl::StatusCode::kInvalidArgument, "page_token"));
}

TEST_F(JobManagerTest, ArtifactsAreListedAndOpened) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(WriteFileAtomically(server_.files, server_.layout.Artifacts(name) + "/last.w", "abc"),
              IsOk());
  ASSERT_THAT(worker.Report(ArtifactEvent("last.w", "abc")), IsOk());
  const auto artifacts = jobs().Artifacts("ann", name);
  ASSERT_THAT(artifacts, IsOk());
  ASSERT_EQ(artifacts->size(), 1u);
  const auto opened = jobs().OpenArtifact("ann", name, "last.w", "");
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->artifact.sha256(), Sha256Hex("abc"));
  EXPECT_THAT(jobs().OpenArtifact("ann", name, "last.w", Sha256Hex("older")),
              FailsWith(absl::StatusCode::kFailedPrecondition, "anew"));
  EXPECT_THAT(jobs().OpenArtifact("ann", name, "../job.pb", ""),
              FailsWith(absl::StatusCode::kNotFound, "job.pb"));
}

TEST_F(JobManagerTest, DevicesKnowTheirJobs) {
  EXPECT_THAT(jobs().DeviceHolders(), IsEmpty());
  const std::string name = server_.Submit("r1", "bob");
  const auto holders = jobs().DeviceHolders();
  ASSERT_EQ(holders.count("cpu0"), 1u);
  EXPECT_EQ(holders.at("cpu0").job, name);
  EXPECT_EQ(holders.at("cpu0").owner, "bob");
}

}  // namespace
}  // namespace kur::server
