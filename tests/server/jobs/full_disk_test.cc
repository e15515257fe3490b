// What a full disk must not prevent: to look at jobs, and to end them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/server/testing/failing_vfs.h"
#include "tests/server/testing/job_test.h"

namespace kur::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

class FullDiskTest : public JobTest {
 protected:
  FullDiskTest() {
    server_.vfs = FailingVfs::Name();
    server_.Restart();
  }
  ~FullDiskTest() override { SetFull(false); }

  void SetFull(bool full) {
    FailingVfs::fail_writes = full;
    server_.files.full = full;
  }

  // Lets the time pass after which kurd tries again.
  void Pass() {
    server_.seconds_passed += 60;
    jobs().WaitUntilIdle();
  }
};

TEST_F(FullDiskTest, ARunningJobIsToldToEnd) {
  const std::string name = server_.Submit("r1");
  FakeWorker worker = RunningWorker(name);
  SetFull(true);
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre("cancel"));
  EXPECT_EQ(server_.Get(name).reason(), "is being cancelled");
  EXPECT_EQ(jobs().List({"ann"}, {})->jobs_size(), 1);
  server_.EndWorker(name, KilledBy(SIGKILL));
  SetFull(false);
  Pass();
  EXPECT_EQ(server_.Get(name).state(), kCancelled);
}

TEST_F(FullDiskTest, AWorkerThatDoesNotListenIsKilled) {
  server_.cancel_grace = absl::Seconds(30);
  server_.Restart();
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  SetFull(true);
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  Pass();
  Pass();
  EXPECT_THAT(server_.launcher.signals(), Contains(Pair(name, SIGKILL)));
}

TEST_F(FullDiskTest, AQueuedJobIsCancelledAsSoonAsThatCanBeStored) {
  server_.Submit("r1");
  const std::string second = server_.Submit("r2");
  SetFull(true);
  ASSERT_THAT(jobs().Cancel({"ann"}, second), IsOk());
  EXPECT_EQ(server_.Get(second).reason(), "is being cancelled");
  SetFull(false);
  Pass();
  EXPECT_EQ(server_.Get(second).state(), kCancelled);
}

TEST_F(FullDiskTest, ThatAJobIsToEndIsStoredOnceThereIsSpace) {
  const std::string name = server_.Submit("r1");
  RunningWorker(name);
  SetFull(true);
  ASSERT_THAT(jobs().Cancel({"ann"}, name), IsOk());
  SetFull(false);
  Pass();
  server_.Restart();
  FakeWorker worker(server_, name);
  ASSERT_THAT(worker.Connect(), IsOk());
  EXPECT_THAT(worker.link->Sent(), ElementsAre("cancel"));
}

}  // namespace
}  // namespace kur::server
