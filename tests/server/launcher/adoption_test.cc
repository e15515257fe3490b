// A worker outlives its launcher, and another one watches it then.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "server/launcher/process.h"
#include "tests/server/launcher/launcher_fixture.h"

namespace kur::server {
namespace {

using ::testing::HasSubstr;

constexpr char kWaitForever[] = "echo ready > ready; exec sleep 600";

class AdoptionTest : public LauncherFixture {
 protected:
  // Launches "orphan" from a program that has ended when this returns.
  WorkerIdentity LaunchOrphan() {
    const std::string command = std::string(LAUNCH_AND_EXIT) + " " + MakeWorker(kWaitForever) +
                                " " + RunDirectory("orphan");
    FILE* output = popen(command.c_str(), "r");
    WorkerIdentity identity;
    char boot_id[64] = {};
    EXPECT_EQ(fscanf(output, "%ld %lu %63s", &identity.pid, &identity.start_ticks, boot_id), 3);
    EXPECT_EQ(pclose(output), 0);
    identity.boot_id = boot_id;
    running_["orphan"] = static_cast<pid_t>(identity.pid);
    AwaitReady("orphan");
    return identity;
  }

  static bool IsAlive(const WorkerIdentity& identity) {
    const auto pidfd = OpenPidfd(identity.pid);
    return pidfd.ok() && !HasEnded(*pidfd);
  }
};

TEST_F(AdoptionTest, AnotherLauncherWatchesAWorkerOfTheFirst) {
  UseWorker(kWaitForever);
  const WorkerIdentity identity = Launch("job");
  AwaitReady("job");
  launcher_.reset();

  UseWorker("exit 1");
  Exits adopted;
  ASSERT_TRUE(launcher_->Adopt("job", identity, adopted.Callback()).ok());
  ASSERT_TRUE(launcher_->Signal("job", SIGTERM).ok());
  const WorkerExit exit = adopted.Await("job");
  EXPECT_TRUE(exit.known) << "it is still a child of this process";
  EXPECT_EQ(exit.signal, SIGTERM);
  EXPECT_EQ(exits_.Count("job"), 0u) << "the first launcher reports nothing";
  running_.clear();
}

TEST_F(AdoptionTest, AWorkerOutlivesTheProgramThatLaunchedItAndIsAdopted) {
  const WorkerIdentity identity = LaunchOrphan();
  ASSERT_TRUE(IsAlive(identity));
  UseWorker("exit 1");
  ASSERT_TRUE(launcher_->Adopt("orphan", identity, exits_.Callback()).ok());
  EXPECT_EQ(exits_.Count("orphan"), 0u);
  ASSERT_TRUE(launcher_->Signal("orphan", SIGTERM).ok());
  const WorkerExit exit = exits_.Await("orphan");
  EXPECT_FALSE(exit.known);
  EXPECT_EQ(launcher_->Signal("orphan", SIGTERM).code(), absl::StatusCode::kNotFound);
}

TEST_F(AdoptionTest, AProcessThatUsesTheIdAgainIsNeitherAdoptedNorSignalled) {
  WorkerIdentity identity = LaunchOrphan();
  UseWorker("exit 1");
  const WorkerIdentity real = identity;
  --identity.start_ticks;
  const absl::Status adopted = launcher_->Adopt("orphan", identity, exits_.Callback());
  EXPECT_EQ(adopted.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(adopted.message(), HasSubstr("adopting the worker of orphan: it has ended"));
  EXPECT_EQ(launcher_->Signal("orphan", SIGKILL).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(IsAlive(real));
  EXPECT_TRUE(launcher_->Adopt("orphan", real, exits_.Callback()).ok())
      << "a refused adoption leaves nothing behind";
}

TEST_F(AdoptionTest, AWorkerFromBeforeARestartOfTheMachineIsGone) {
  WorkerIdentity identity = LaunchOrphan();
  UseWorker("exit 1");
  identity.boot_id = "00000000-0000-0000-0000-000000000000";
  const absl::Status adopted = launcher_->Adopt("orphan", identity, exits_.Callback());
  EXPECT_EQ(adopted.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(adopted.message(), HasSubstr("the machine was restarted"));
}

TEST_F(AdoptionTest, AWorkerThatHasEndedIsGone) {
  UseWorker("exit 0");
  const WorkerIdentity identity = Launch("job");
  exits_.Await("job");
  EXPECT_EQ(launcher_->Adopt("job", identity, exits_.Callback()).code(),
            absl::StatusCode::kNotFound);
}

TEST_F(AdoptionTest, AWorkerThatEndedWhileNobodyWatchedIsReportedAtOnce) {
  UseWorker("read line < ready; exit 9");
  const WorkerIdentity identity = Launch("job");
  launcher_.reset();
  std::ofstream(directory_.File("job/ready")) << "go\n";
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(identity.pid), &info, WEXITED | WNOWAIT), 0);

  UseWorker("exit 1");
  ASSERT_TRUE(launcher_->Adopt("job", identity, exits_.Callback()).ok());
  EXPECT_EQ(exits_.Await("job").exit_code, 9);
}

TEST_F(AdoptionTest, AProcessThatLeadsNoGroupIsNoWorker) {
  UseWorker("sleep 600 & echo $! > ready; wait");
  WorkerIdentity identity = Launch("job");
  identity.pid = std::stoi(AwaitReady("job"));
  identity.start_ticks = ReadProcessStat(identity.pid)->start_ticks;
  EXPECT_EQ(launcher_->Adopt("child", identity, exits_.Callback()).code(),
            absl::StatusCode::kNotFound);
}

TEST_F(AdoptionTest, IdsThatMeanManyProcessesAreRefused) {
  UseWorker("exit 0");
  WorkerIdentity identity;
  identity.boot_id = *ReadBootId();
  for (const int64_t pid : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{1} << 32}) {
    identity.pid = pid;
    EXPECT_EQ(launcher_->Adopt("job", identity, exits_.Callback()).code(),
              absl::StatusCode::kNotFound)
        << pid;
  }
}

TEST_F(AdoptionTest, AJobThatIsWatchedIsNotAdoptedTwice) {
  const WorkerIdentity identity = LaunchOrphan();
  UseWorker("exit 1");
  ASSERT_TRUE(launcher_->Adopt("orphan", identity, exits_.Callback()).ok());
  EXPECT_EQ(launcher_->Adopt("orphan", identity, nullptr).code(), absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace kur::server
