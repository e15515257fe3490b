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
#include "absl/time/clock.h"
#include "tests/server/testing/job_test.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class JobManagerTest : public JobTest {};

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

TEST_F(JobManagerTest, AJobWaitsForADeviceThatIsUnavailableAndStartsWhenThatIsOver) {
  server_.inventory().SetUnavailable("programs outside of kurd use 40.0 GiB of it");
  const std::string name = server_.Submit("r1");
  EXPECT_EQ(server_.Get(name).state(), kQueued);
  EXPECT_THAT(server_.Get(name).reason(), HasSubstr("programs outside of kurd use 40.0 GiB of it"));
  // WaitUntilIdle() would look by itself.
  server_.inventory().SetUnavailable("");
  for (int i = 0; i < 2000 && server_.Get(name).state() == kQueued; ++i) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_EQ(server_.Get(name).state(), kStarting);
}

TEST_F(JobManagerTest, TheInventoryIsToldWhoHoldsWhat) {
  EXPECT_THAT(server_.inventory().held(), IsEmpty());
  const std::string name = server_.Submit("r1");
  EXPECT_THAT(server_.inventory().held(), ElementsAre("cpu0"));
  // Also of jobs that were adopted, without anything in the queue.
  server_.Crash();
  server_.inventory().SetHeld({});
  server_.Start();
  EXPECT_THAT(server_.inventory().held(), ElementsAre("cpu0"));
  server_.LeaveOutcome(name, v1::JOB_STATE_SUCCEEDED, "");
  server_.launcher.End(name, ExitedWith(0));
  jobs().WaitUntilIdle();
  EXPECT_THAT(server_.inventory().held(), IsEmpty());
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
    EXPECT_EQ(jobs().List({"ann"}, {})->jobs_size(), 1);
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
  EXPECT_EQ(spec.download_cache(), server_.layout.Downloads("ann"));
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

TEST_F(JobManagerTest, AnEndedJobHasNoWorkerToWelcome) {
  const std::string name = server_.Submit("r1");
  server_.EndWorker(name, kSucceeded);
  EXPECT_EQ(jobs().JobOfWorker(name).status(), NoSuchJob(name));
}

TEST_F(JobManagerTest, CancellingAQueuedJobEndsItAtOnce) {
  server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  const auto job = jobs().Cancel({"ann"}, second);
  ASSERT_THAT(job, IsOk());
  EXPECT_EQ(job->state(), kCancelled);
  EXPECT_THAT(server_.States(second), ElementsAre(kQueued, kCancelled));
}

TEST_F(JobManagerTest, AnEndedJobCannotBeCancelledAndStaysWhatItIs) {
  const std::string name = server_.Submit("r1");
  server_.EndWorker(name, kSucceeded);
  EXPECT_THAT(jobs().Cancel({"ann"}, name),
              FailsWith(absl::StatusCode::kFailedPrecondition, "it is succeeded"));
  EXPECT_EQ(server_.Get(name).state(), kSucceeded);
}

TEST_F(JobManagerTest, AWorkerThatIsSlowToStartHoldsUpNobody) {
  server_.launcher.AllowLaunches(false);
  const auto first = jobs().Submit({"ann"}, TestServer::Request("r1"));
  const auto second = jobs().Submit({"ann"}, TestServer::Request("r2"));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  // The scheduling thread goes on: it sees the second job, and why that waits.
  while (server_.Get(second->name()).reason().empty()) std::this_thread::yield();
  EXPECT_EQ(server_.Get(first->name()).state(), kStarting);
  EXPECT_THAT(server_.launcher.launches(), IsEmpty());
  server_.launcher.AllowLaunches(true);
  jobs().WaitUntilIdle();
  EXPECT_EQ(server_.launcher.launches().size(), 1u);
}

TEST_F(JobManagerTest, ASignalThatIsOverdueWhileAWorkerStartsKeepsNoProcessorBusy) {
  server_.cancel_grace = absl::Seconds(30);
  server_.Restart();
  server_.launcher.AllowLaunches(false);
  const auto job = jobs().Submit({"ann"}, TestServer::Request("r1"));
  ASSERT_THAT(job, IsOk());
  // Before that, the cancel would find no worker to end.
  server_.launcher.AwaitHeldLaunch();
  ASSERT_THAT(jobs().Cancel({"ann"}, job->name()), IsOk());
  server_.seconds_passed = 60;
  // Wakes the scheduling thread, which finds the signal overdue.
  ASSERT_THAT(jobs().Submit({"ann"}, TestServer::Request("r2")), IsOk());
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_LT(server_.clock_readings.load(), 1000);
  server_.launcher.AllowLaunches(true);
  while (server_.launcher.signals().empty()) jobs().WaitUntilIdle();
}

TEST_F(JobManagerTest, AWorkerThatIsStartedAgainAsksThePolicyForDevices) {
  const std::string first = server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  RunningWorker(first);
  server_.EndWorker(first, KilledBy(SIGSEGV));
  EXPECT_EQ(server_.Get(first).state(), kStarting) << "it was submitted first";
  EXPECT_EQ(server_.Get(second).state(), kQueued);
  EXPECT_THAT(server_.Get(first).devices(), ElementsAre("cpu0"));
}

TEST_F(JobManagerTest, AWorkerIsStartedOnceThereAreDescriptorsAgain) {
  server_.launcher.FailLaunches(absl::ResourceExhaustedError("Too many open files"));
  const std::string name = server_.Submit("r1");
  EXPECT_EQ(server_.Get(name).state(), kStarting);
  server_.launcher.FailLaunches(absl::OkStatus());
  server_.seconds_passed = 60;
  jobs().WaitUntilIdle();
  RunningWorker(name);
  EXPECT_EQ(server_.Get(name).state(), kRunning);
}

TEST_F(JobManagerTest, AStateIsListedOnceHoweverOftenItIsNamed) {
  server_.Submit("r1");
  v1::ListJobsRequest request;
  for (int i = 0; i < 1'000'000; ++i) request.add_states(kStarting);
  const auto listed = jobs().List({"ann"}, request);
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->jobs_size(), 1);
  request.clear_states();
  request.add_states(static_cast<v1::JobState>(99));
  EXPECT_EQ(jobs().List({"ann"}, request)->jobs_size(), 0);
}

TEST_F(JobManagerTest, AWorkerThatCannotBeStartedFailsTheJob) {
  server_.launcher.FailLaunches(absl::NotFoundError("no kurd-worker"));
  const std::string name = server_.Submit("r1");
  EXPECT_EQ(server_.Get(name).state(), kFailed);
  EXPECT_THAT(server_.Get(name).reason(), HasSubstr("no kurd-worker"));
}

TEST_F(JobManagerTest, PrefixesNameOnlyTheCallersJobs) {
  const std::string mine = server_.Submit("r1", "ann");
  const std::string other = server_.Submit("r2", "bob");
  EXPECT_EQ(server_.Get("ci").name(), mine);
  EXPECT_EQ(server_.Get("cifar-", "bob").name(), other);
  const std::string second = server_.Submit("r3", "ann");
  EXPECT_THAT(jobs().Get({"ann"}, "ci"),
              FailsWith(absl::StatusCode::kInvalidArgument, absl::StrCat(mine, ", ", second)));
  EXPECT_THAT(jobs().Get({"ann"}, "x"), FailsWith(absl::StatusCode::kNotFound, "'x'"));
  EXPECT_THAT(jobs().Get({"ann"}, ""), FailsWith(absl::StatusCode::kInvalidArgument, "required"));
}

TEST_F(JobManagerTest, AnExactNameIsNoPrefix) {
  for (int i = 1; i <= 11; ++i) server_.Submit(absl::StrCat("r", i));
  EXPECT_EQ(server_.Get("cifar-1").name(), "cifar-1");
}

TEST_F(JobManagerTest, WhatIsAnotherUsersDoesNotExist) {
  const std::string name = server_.Submit("r1", "bob");
  const absl::Status none = NoSuchJob(name);
  for (const Role role : {Role::kViewer, Role::kMember}) {
    const Caller ann = {"ann", role};
    EXPECT_EQ(jobs().Get(ann, name).status(), none);
    EXPECT_EQ(jobs().Cancel(ann, name).status(), none);
    EXPECT_EQ(jobs().RequestCheckpoint(ann, name), none);
    EXPECT_EQ(jobs().Events(ann, name).status(), none);
    EXPECT_EQ(jobs().Kurfile(ann, name).status(), none);
    EXPECT_EQ(jobs().Artifacts(ann, name).status(), none);
    EXPECT_EQ(jobs().OpenArtifact(ann, name, "last.w", "").status(), none);
    EXPECT_THAT(jobs().List(ann, {})->jobs(), IsEmpty());
    EXPECT_EQ(jobs().Get(ann, "cif").status(), NoSuchJob("cif"));
  }
  EXPECT_THAT(jobs().Cancel({"bob", Role::kViewer}, name),
              FailsWith(absl::StatusCode::kPermissionDenied, "may only look"));
  EXPECT_EQ(jobs().Get({"root", Role::kAdmin}, name)->name(), name);
  EXPECT_THAT(jobs().Cancel({"root", Role::kAdmin}, name), IsOk());
}

TEST_F(JobManagerTest, AnothersExactNameIsStillThePrefixOfOnesOwn) {
  const std::string bobs = server_.Submit("r1", "bob");
  v1::SubmitJobRequest request = TestServer::Request("r2");
  request.set_name(bobs);
  const auto anns = jobs().Submit({"ann"}, request);
  ASSERT_THAT(anns, IsOk());
  EXPECT_EQ(server_.Get(bobs, "ann").name(), anns->name());
  EXPECT_EQ(server_.Get(bobs, "bob").name(), bobs);
}

TEST_F(JobManagerTest, ListsInPages) {
  for (int i = 1; i <= 3; ++i) server_.Submit(absl::StrCat("r", i));
  v1::ListJobsRequest request;
  request.set_page_size(2);
  auto page = jobs().List({"ann"}, request);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->jobs_size(), 2);
  EXPECT_EQ(page->jobs(0).name(), "cifar-3");
  EXPECT_NE(page->jobs(0).reason(), "") << "why it waits is shown in lists, too";
  request.set_page_token(page->next_page_token());
  page = jobs().List({"ann"}, request);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->jobs_size(), 1);
  EXPECT_EQ(page->next_page_token(), "");
  request.set_page_token("nonsense");
  EXPECT_THAT(jobs().List({"ann"}, request),
              FailsWith(absl::StatusCode::kInvalidArgument, "page_token"));
}

TEST_F(JobManagerTest, AListLeavesTheInputsOut) {
  const std::string name = server_.Submit("r1");
  EXPECT_EQ(server_.Get(name).inputs_size(), 1);
  const auto list = jobs().List({"ann"}, {});
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->jobs_size(), 1);
  EXPECT_EQ(list->jobs(0).inputs_size(), 0);
}

TEST_F(JobManagerTest, TheInputsOfAUsersJobsTakeBoundedMemory) {
  v1::SubmitJobRequest request = TestServer::Request("too large");
  for (int i = 0; i < 9000; ++i) {
    v1::Input& input = *request.add_inputs();
    input = request.inputs(0);
    input.set_path(absl::StrCat(std::string(200, 'd'), i));
  }
  EXPECT_THAT(JobManager::CheckSize(request),
              FailsWith(absl::StatusCode::kInvalidArgument, "list of inputs"));
  const std::string running = server_.Submit("r1");
  const auto bytes =
      static_cast<int64_t>((*server_.store->FindByName(running))->frozen.SpaceUsedLong());
  server_.job_bytes = {/*total=*/5 * bytes, /*per_user=*/5 * bytes / 2};
  server_.Restart();
  server_.Submit("r2");
  EXPECT_THAT(jobs().Submit({"ann"}, TestServer::Request("r3")),
              FailsWith(absl::StatusCode::kResourceExhausted, "that have not ended"));
  EXPECT_THAT(jobs().Submit({"bob"}, TestServer::Request("r1")), IsOk());
  server_.Restart();
  EXPECT_THAT(jobs().Submit({"ann"}, TestServer::Request("r3")),
              FailsWith(absl::StatusCode::kResourceExhausted, "that have not ended"));
  server_.EndWorker(running, kSucceeded);
  EXPECT_THAT(jobs().Submit({"ann"}, TestServer::Request("r3")), IsOk());
}

TEST_F(JobManagerTest, OpeningAnEndedJobsEventsHoldsUpNobodyElse) {
  const std::string first = server_.Submit("r1");
  server_.EndWorker(first, kSucceeded);
  const std::string second = server_.Submit("r2");
  server_.EndWorker(second, kSucceeded);
  absl::Notification go;
  server_.files.hold_events = &go;
  std::thread slow([&] { EXPECT_THAT(jobs().Events({"ann"}, first), IsOk()); });
  server_.files.reading.WaitForNotification();
  server_.files.hold_events = nullptr;
  absl::Notification opened;
  std::thread other([&] {
    EXPECT_THAT(jobs().Events({"ann"}, second), IsOk());
    opened.Notify();
  });
  EXPECT_TRUE(opened.WaitForNotificationWithTimeout(absl::Seconds(10)));
  go.Notify();
  slow.join();
  other.join();
}

TEST_F(JobManagerTest, ArtifactsAreListedAndOpened) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(WriteFileAtomically(server_.files, server_.layout.Artifacts(name) + "/last.w", "abc"),
              IsOk());
  ASSERT_THAT(worker.Report(ArtifactEvent("last.w", "abc")), IsOk());
  const auto artifacts = jobs().Artifacts({"ann"}, name);
  ASSERT_THAT(artifacts, IsOk());
  ASSERT_EQ(artifacts->size(), 1u);
  const auto opened = jobs().OpenArtifact({"ann"}, name, "last.w", "");
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->artifact.sha256(), Sha256Hex("abc"));
  EXPECT_THAT(jobs().OpenArtifact({"ann"}, name, "last.w", Sha256Hex("older")),
              FailsWith(absl::StatusCode::kFailedPrecondition, "anew"));
  EXPECT_THAT(jobs().OpenArtifact({"ann"}, name, "../job.pb", ""),
              FailsWith(absl::StatusCode::kNotFound, "job.pb"));
  server_.files.untouchable = "last.w";
  EXPECT_THAT(jobs().OpenArtifact({"ann"}, name, "last.w", ""),
              FailsWith(absl::StatusCode::kInternal, "busy"))
      << "which says nothing of ann's rights";
}

TEST_F(JobManagerTest, DevicesKnowTheirJobs) {
  EXPECT_THAT(jobs().DeviceHolders(), IsEmpty());
  const std::string name = server_.Submit("r1", "bob");
  const auto holders = jobs().DeviceHolders();
  ASSERT_EQ(holders.count("cpu0"), 1u);
  EXPECT_EQ(holders.at("cpu0").name, name);
  EXPECT_EQ(holders.at("cpu0").owner, "bob");
}

TEST_F(JobManagerTest, AWorkerThatIsStartedAgainGetsTheSecretsOfThen) {
  server_.SetSecret("HOOK", "https://hooks.example/first");
  v1::SubmitJobRequest request = TestServer::Request("r1");
  request.add_overrides("train.hooks=[slack: {channel: c, url: secret:HOOK}]");
  const auto job = jobs().Submit({"ann"}, request);
  ASSERT_THAT(job, IsOk());
  jobs().WaitUntilIdle();
  server_.SetSecret("HOOK", "https://hooks.example/second");
  server_.Restart();
  server_.EndWorker(job->name(), KilledBy(SIGKILL));
  const auto launches = server_.launcher.launches();
  ASSERT_EQ(launches.size(), 2u);
  EXPECT_THAT(launches[0].secrets, HasSubstr("https://hooks.example/first"));
  EXPECT_THAT(launches[1].secrets, HasSubstr("https://hooks.example/second"));
}

TEST_F(JobManagerTest, AJobWhoseSecretWasRemovedFailsAndSaysSo) {
  server_.Submit("r1");
  server_.SetSecret("HOOK", "https://hooks.example/hush");
  v1::SubmitJobRequest request = TestServer::Request("r2");
  request.add_overrides("train.hooks=[slack: {channel: c, url: secret:HOOK}]");
  request.add_overrides("train.weights=other.w");
  const auto job = jobs().Submit({"ann"}, request);
  ASSERT_THAT(job, IsOk());
  ASSERT_THAT(server_.secrets->Delete("ann", "HOOK"), IsOk());
  server_.EndWorker("cifar-1", kSucceeded);
  EXPECT_EQ(server_.Get(job->name()).state(), kFailed);
  EXPECT_THAT(server_.Get(job->name()).reason(),
              HasSubstr("the secret 'HOOK' was removed; store it with `kurctl secret set HOOK`"));
}

}  // namespace
}  // namespace kur::server
