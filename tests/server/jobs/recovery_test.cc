#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "server/events/event_index.h"
#include "server/jobs/job_manager.h"
#include "tests/server/testing/job_test.h"

namespace kur::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// kurd dies and comes back on the same state directory.
class RecoveryTest : public JobTest {
 protected:
  void Store(const std::string& name, const std::function<void(JobRecord&)>& change) {
    const auto database = StateDatabase::Open(server_.layout.database());
    ASSERT_THAT(database, IsOk());
    JobStore store(**database);
    auto record = store.FindByName(name);
    ASSERT_TRUE(record.ok() && record->has_value());
    change(**record);
    ASSERT_THAT(store.Update(**record), IsOk());
  }
};

TEST_F(RecoveryTest, ARunningJobDoesNotNotice) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  const int64_t pid = server_.Get(name).worker_pid();
  const size_t events = server_.Events(name).size();
  server_.Restart();
  EXPECT_EQ(server_.Get(name).state(), kRunning);
  EXPECT_EQ(server_.Get(name).worker_pid(), pid);
  EXPECT_THAT(server_.launcher.adopted(), Contains(name));
  EXPECT_THAT(server_.launcher.launches(), SizeIs(1));
  EXPECT_EQ(server_.Events(name).size(), events);
  EXPECT_EQ(*worker.Connect(), 1);
  EXPECT_EQ(*worker.Report(FakeWorker::Batches(1, 1, 1)), 2);
  EXPECT_EQ(server_.Events(name).size(), events + 1);
}

TEST_F(RecoveryTest, QueuedJobsAreStillQueuedInOrder) {
  server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  const std::string third = server_.Submit("r3");
  server_.Restart();
  EXPECT_EQ(server_.Get(second).state(), kQueued);
  server_.EndWorker("cifar-1", kSucceeded);
  EXPECT_EQ(server_.Get(second).state(), kStarting);
  EXPECT_EQ(server_.Get(third).state(), kQueued);
}

TEST_F(RecoveryTest, ARepeatedRequestIsStillTheSameJob) {
  const std::string name = server_.Submit("r1");
  server_.Restart();
  EXPECT_EQ(server_.Submit("r1"), name);
}

TEST_F(RecoveryTest, AnEndWhileKurdWasAwayIsFound) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  server_.Crash();
  server_.LeaveOutcome(name, kFailed, "the loss is NaN at batch 17");
  server_.launcher.End(name, ExitedWith(1));
  server_.Start();
  EXPECT_EQ(server_.Get(name).state(), kFailed);
  EXPECT_EQ(server_.Get(name).reason(), "the loss is NaN at batch 17");
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kStarting, kRunning, kFailed));
}

TEST_F(RecoveryTest, ADeathWhileKurdWasAwayStartsTheWorkerAgain) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  server_.Crash();
  server_.launcher.End(name, KilledBy(SIGKILL));
  server_.Start();
  EXPECT_EQ(server_.Get(name).state(), kStarting);
  EXPECT_EQ(server_.Get(name).attempts(), 2);
}

TEST_F(RecoveryTest, AfterARestartOfTheMachineTheJobGoesOn) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  server_.Crash();
  server_.launcher.RestartHost();
  server_.Start();
  EXPECT_EQ(server_.Get(name).attempts(), 2);
  EXPECT_THAT(server_.launcher.adopted(), SizeIs(0));
}

TEST_F(RecoveryTest, AJobWhoseWorkerWasNeverStartedIsStarted) {
  const std::string name = server_.Submit("r1");
  server_.Crash();
  server_.launcher.End(name, KilledBy(SIGKILL));
  Store(name, [](JobRecord& job) { job.worker.clear(); });
  server_.Start();
  EXPECT_EQ(server_.Get(name).state(), kStarting);
  EXPECT_EQ(server_.Get(name).attempts(), 1) << "it is the same attempt";
  EXPECT_THAT(server_.launcher.launches(), SizeIs(2));
}

TEST_F(RecoveryTest, AFullDiskDelaysALaunchUntilThereIsSpace) {
  const std::string name = server_.Submit("r1");
  server_.Crash();
  server_.launcher.End(name, KilledBy(SIGKILL));
  Store(name, [](JobRecord& job) { job.worker.clear(); });
  server_.files.full = true;
  server_.Start();
  EXPECT_EQ(server_.Get(name).state(), kStarting);
  EXPECT_THAT(server_.launcher.launches(), SizeIs(1)) << "the one of before";
  server_.files.full = false;
  server_.seconds_passed = 60;
  server_.jobs->WaitUntilIdle();
  EXPECT_THAT(server_.launcher.launches(), SizeIs(2));
}

TEST_F(RecoveryTest, AWorkerThatNobodyWroteDownIsFoundAmongTheProcesses) {
  const std::string name = server_.Submit("r1");
  const int64_t pid = server_.launcher.PidOf(name);
  server_.Crash();
  Store(name, [](JobRecord& job) { job.worker.clear(); });
  server_.Start();
  EXPECT_THAT(server_.launcher.launches(), SizeIs(1)) << "not started twice";
  EXPECT_EQ(server_.Get(name).worker_pid(), pid);
}

TEST_F(RecoveryTest, ACancelThatWasAskedForIsNotForgotten) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(server_.jobs->Cancel({"ann"}, name), IsOk());
  server_.Restart();
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre("cancel"));
  server_.EndWorker(name, KilledBy(SIGKILL));
  EXPECT_EQ(server_.Get(name).state(), kCancelled);
}

TEST_F(RecoveryTest, ACrashBetweenTheStoreAndTheEventAnnouncesTheEndOnce) {
  const std::string name = server_.Submit("r1");
  server_.Crash();
  server_.launcher.End(name, ExitedWith(0));
  Store(name, [](JobRecord& job) {
    job.state = kSucceeded;
    job.finished_at = absl::FromUnixSeconds(100);
  });
  server_.Start();
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kStarting, kSucceeded));
  server_.Restart();
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kStarting, kSucceeded));
}

TEST_F(RecoveryTest, AnEndThatCannotBeAnnouncedSafelyStopsAllPromises) {
  const std::string name = server_.Submit("r1");
  server_.Crash();
  server_.launcher.End(name, ExitedWith(0));
  Store(name, [](JobRecord& job) {
    job.state = kSucceeded;
    job.finished_at = absl::FromUnixSeconds(100);
  });
  server_.Start();
  server_.files.fail_syncs = true;
  EXPECT_FALSE(server_.jobs->Events({"ann"}, name).ok());
  server_.files.fail_syncs = false;
  EXPECT_THAT(server_.jobs->Submit({"ann"}, TestServer::Request("r2")),
              FailsWith(absl::StatusCode::kUnavailable, "restart kurd"));
}

TEST_F(RecoveryTest, ATornLastEventIsSentAgainByTheWorker) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(worker.Report(FakeWorker::Batches(1, 1, 1)), IsOk());
  server_.Crash();
  const std::string log = server_.layout.Events(name);
  std::filesystem::resize_file(log, static_cast<size_t>(*FileSize(log) - 3));
  server_.Start();
  EXPECT_EQ(*worker.Connect(), 1);
  worker.next_sequence = 2;
  EXPECT_EQ(*worker.Report(FakeWorker::Batches(1, 1, 1)), 2);
  const auto events = server_.Events(name);
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].number(), static_cast<int64_t>(i) + 1);
  }
}

TEST_F(RecoveryTest, AJobWithDamagedEventsGoesOnAndWhatWasThereIsKept) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(worker.Report({FakeWorker::Batches(1, 1, 1), FakeWorker::Batches(1, 2, 1)}), IsOk());
  server_.Crash();
  const std::string log = server_.layout.Events(name);
  std::string content = *server_.files.Read(log, 1 << 20);
  content[10] ^= 1;
  ASSERT_THAT(WriteFileAtomically(server_.files, log, content), IsOk());
  server_.Start();
  EXPECT_EQ(server_.Get(name).state(), kRunning);
  EXPECT_EQ(*server_.files.Read(log + ".damaged-1", 1 << 20), content);
  EXPECT_THAT(server_.Events(name)[0].log_line().text(), HasSubstr("kept in events.log.damaged-1"));
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kRunning));
  // The worker has forgotten its first events, which were acknowledged.
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_EQ(*worker.Connect(), 0);
    server_.Restart();
  }
  EXPECT_EQ(*worker.Connect(), 0);
  worker.next_sequence = 3;
  EXPECT_EQ(*worker.Report(FakeWorker::Batches(1, 2, 1)), 3);
  EXPECT_EQ(*worker.Report(FakeWorker::Batches(1, 3, 1)), 4);
  server_.EndWorker(name, kSucceeded);
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kRunning, kSucceeded));
}

TEST_F(RecoveryTest, AJobWhoseRunDirectoryIsGoneFailsAndTheOthersGoOn) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  const std::string second = server_.Submit("r2");
  server_.Crash();
  std::filesystem::remove_all(server_.layout.Run(name));
  server_.Start();
  EXPECT_EQ(server_.Get(name).state(), kFailed);
  EXPECT_THAT(server_.Get(name).reason(), HasSubstr("is gone"));
  EXPECT_EQ(server_.Get(second).state(), kStarting);
}

TEST_F(RecoveryTest, NobodyWaitsForEventsThatAreBeingRead) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  server_.Crash();
  absl::Notification go;
  server_.files.hold_events = &go;
  server_.Start(/*wait=*/false);
  server_.files.reading.WaitForNotification();
  EXPECT_EQ(server_.Get(name).state(), kRunning);
  EXPECT_THAT(server_.jobs->Submit({"ann"}, TestServer::Request("r2")), IsOk());
  EXPECT_THAT(worker.Connect(), FailsWith(absl::StatusCode::kUnavailable, "being read"));
  EXPECT_THAT(server_.jobs->Cancel({"ann"}, name), IsOk());
  go.Notify();
  server_.jobs->WaitUntilIdle();
  EXPECT_EQ(*worker.Connect(), 1);
  EXPECT_THAT(worker.link->Sent(), ElementsAre("cancel"));
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kStarting, kRunning));
}

TEST_F(RecoveryTest, AJobThatWaitsToBeStartedAgainIsNotReadUntilItsTurn) {
  const std::string first = server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  EXPECT_THAT(server_.States(second), ElementsAre(kQueued)) << "now it has a log";
  server_.Crash();
  std::string content = *server_.files.Read(server_.layout.Events(second), 1 << 30);
  content[10] ^= 1;
  ASSERT_THAT(WriteFileAtomically(server_.files, server_.layout.Events(second), content + content),
              IsOk());
  server_.Start();
  EXPECT_EQ(server_.Get(second).state(), kQueued);
  server_.EndWorker(first, kSucceeded);
  EXPECT_EQ(server_.Get(second).state(), kStarting);
  EXPECT_THAT(server_.Events(second)[0].log_line().text(), HasSubstr("damaged"));
}

TEST_F(RecoveryTest, ACancelOfAJobWhoseEventsAreUnreadEndsIt) {
  server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  EXPECT_THAT(server_.States(second), ElementsAre(kQueued));
  server_.Restart();
  ASSERT_THAT(server_.jobs->Cancel({"ann"}, second), IsOk());
  server_.jobs->WaitUntilIdle();
  EXPECT_EQ(server_.Get(second).state(), kCancelled);
  EXPECT_THAT(server_.States(second), ElementsAre(kQueued, kCancelled));
}

TEST_F(RecoveryTest, AJobWithoutALogInPlaceOfItsEventsGoesOn) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  server_.Crash();
  ASSERT_TRUE(std::filesystem::remove(server_.layout.Events(name)));
  ASSERT_TRUE(std::filesystem::create_directory(server_.layout.Events(name)));
  server_.Start();
  EXPECT_EQ(server_.Get(name).state(), kRunning);
  const std::vector<v1::Event> events = server_.Events(name);
  ASSERT_THAT(events, ::testing::Not(SizeIs(0)));
  EXPECT_THAT(events[0].log_line().text(),
              AllOf(HasSubstr("(events.log is a folder)"), HasSubstr("events.log.damaged-1")));
  EXPECT_TRUE(IsDirectory(server_.layout.Events(name) + ".damaged-1"));
}

TEST_F(RecoveryTest, NoJobIsGivenTheFilesOfOneThatTheDatabaseDoesNotKnow) {
  const std::string unknown = server_.Submit("r1", "bob");
  server_.Crash();
  for (const char* const suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(server_.layout.database() + suffix);
  }
  server_.Start();
  const std::string name = server_.Submit("r1");
  EXPECT_EQ(unknown, "cifar-1");
  EXPECT_EQ(name, "cifar-2");
}

TEST_F(RecoveryTest, DamageThatAReaderFindsIsSaidOnceAndTheJobGoesOn) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  v1::Event line;
  line.mutable_log_line()->set_text(std::string(2 * EventIndex::kMarkBytes, 'x'));
  ASSERT_THAT(worker.Report({line, line}), IsOk());
  server_.Crash();
  std::string content = *server_.files.Read(server_.layout.Events(name), 1 << 30);
  content[10] ^= 1;
  ASSERT_THAT(WriteFileAtomically(server_.files, server_.layout.Events(name), content), IsOk());
  server_.Start();
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.Report(line), IsOk()) << "nobody has seen it yet";
  EXPECT_THAT(server_.Events(name), SizeIs(0));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(worker.Report(line), IsOk());
  EXPECT_EQ(server_.Get(name).state(), kRunning);
  const auto log = server_.jobs->Events({"ann"}, name);
  ASSERT_THAT(log, IsOk());
  int warnings = 0;
  EventCursor cursor = (*log)->CursorAt((*log)->last_number() - 3);
  v1::Event event;
  while ((*log)->Read(&cursor, &event).value_or(false)) {
    warnings += event.log_line().level() == v1::LogLine::LEVEL_WARNING ? 1 : 0;
  }
  EXPECT_EQ(warnings, 1);
}

TEST_F(RecoveryTest, AReasonOfAWorkerIsCut) {
  const std::string name = server_.Submit("r1");
  server_.EndWorker(name, kFailed, std::string(1 << 19, 'x'));
  EXPECT_EQ(server_.Get(name).reason(), std::string(4096, 'x'));
}

TEST_F(RecoveryTest, ProgressIsReadFromTheEvents) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  ASSERT_THAT(worker.Report(FakeWorker::Batches(2, 1, 9)), IsOk());
  server_.Restart();
  EXPECT_EQ(server_.Get(name).progress().batch(), 9);
}

TEST_F(RecoveryTest, AJobThatWasToEndBeforeItStartedIsCancelled) {
  server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  server_.Crash();
  Store(second, [](JobRecord& job) { job.desired_state = DESIRED_STATE_END; });
  server_.Start();
  EXPECT_EQ(server_.Get(second).state(), kCancelled);
}

TEST_F(RecoveryTest, AWorkerThatDoesNotEndIsSignaledByTheNextKurdToo) {
  const std::string name = server_.Submit("r1");
  ASSERT_THAT(server_.jobs->Cancel({"ann"}, name), IsOk());
  EXPECT_THAT(server_.launcher.signals(), SizeIs(0));
  server_.cancel_grace = absl::ZeroDuration();
  server_.Restart();
  while (server_.launcher.signals().empty()) server_.jobs->WaitUntilIdle();
  EXPECT_EQ(server_.launcher.signals()[0].second, SIGTERM);
}

TEST_F(RecoveryTest, AJobThatWaitsToBeStartedAgainHoldsNoDevice) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  server_.Crash();
  server_.launcher.End(name, KilledBy(SIGKILL));
  server_.RemoveDevices();
  server_.Start();
  const v1::Job job = server_.Get(name);
  EXPECT_EQ(job.state(), kQueued);
  EXPECT_EQ(job.devices_size(), 0);
  EXPECT_EQ(job.worker_pid(), 0);
  EXPECT_TRUE(job.has_started_at()) << "when it started first";
  EXPECT_THAT(job.reason(), HasSubstr("this server has no device"));
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kStarting, kRunning, kQueued));
}

TEST_F(RecoveryTest, AJobThatWasNotStartedYetWaitsForOtherDevicesIfItsOwnAreGone) {
  const std::string name = server_.Submit("r1");
  server_.Crash();
  server_.launcher.End(name, KilledBy(SIGKILL));
  Store(name, [](JobRecord& job) { job.worker.clear(); });
  server_.RemoveDevices();
  server_.Start();
  EXPECT_EQ(server_.Get(name).state(), kQueued);
  EXPECT_THAT(server_.Get(name).reason(), HasSubstr("this server has no device"));
}

TEST_F(RecoveryTest, ACheckpointThatWasAskedForIsNotForgotten) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  worker.link.reset();
  ASSERT_THAT(server_.jobs->RequestCheckpoint({"ann"}, name), IsOk());
  server_.Restart();
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre("checkpoint 1"));
  ASSERT_THAT(worker.Report(FakeWorker::Done(1)), IsOk());
  server_.Restart();
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre()) << "the events say that it is done";
  ASSERT_THAT(server_.jobs->RequestCheckpoint({"ann"}, name), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre("checkpoint 2")) << "no number is used again";
}

TEST_F(RecoveryTest, AJobThatWaitsToBeStartedAgainStillDoes) {
  const std::string name = server_.Submit("r1");
  server_.Crash();
  server_.launcher.End(name, KilledBy(SIGKILL));
  Store(name, [](JobRecord& job) {
    job.state = kQueued;
    job.devices.clear();
    job.worker.clear();
  });
  server_.Start();
  EXPECT_EQ(server_.Get(name).attempts(), 2);
  EXPECT_THAT(server_.States(name), ElementsAre(kQueued, kStarting, kQueued, kStarting));
}

}  // namespace
}  // namespace kur::server
