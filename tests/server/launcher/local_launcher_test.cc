// Starting workers, hearing of their end, signalling them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "server/launcher/process.h"
#include "tests/server/launcher/launcher_fixture.h"

namespace kur::server {
namespace {

using ::testing::HasSubstr;

constexpr char kWaitForever[] = "echo ready > ready; exec sleep 600";

using LocalLauncherTest = LauncherFixture;

// ---- The end of a worker

TEST_F(LocalLauncherTest, ReportsTheExitCode) {
  UseWorker("exit 7");
  const WorkerExit exit = Run("job");
  EXPECT_TRUE(exit.known);
  EXPECT_EQ(exit.exit_code, 7);
  EXPECT_EQ(exit.signal, 0);
}

TEST_F(LocalLauncherTest, ReportsSuccess) {
  UseWorker("exit 0");
  const WorkerExit exit = Run("job");
  EXPECT_TRUE(exit.known);
  EXPECT_EQ(exit.exit_code, 0);
  EXPECT_EQ(exit.signal, 0);
}

TEST_F(LocalLauncherTest, ReportsTheSignalThatEndedAWorker) {
  UseWorker("kill -SEGV $$");
  const WorkerExit exit = Run("job");
  EXPECT_TRUE(exit.known);
  EXPECT_EQ(exit.signal, SIGSEGV);
}

TEST_F(LocalLauncherTest, AHundredWorkersAreEachReportedOnceAndBuried) {
  UseWorker("exit $(basename \"$2\")");
  for (int i = 0; i < 100; ++i) Launch(std::to_string(i));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(exits_.Await(std::to_string(i)).exit_code, i);
  }
  launcher_.reset();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(exits_.Count(std::to_string(i)), 1u);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(LocalLauncherTest, ThreadsMayLaunchAtTheSameTime) {
  UseWorker("exit $(basename \"$2\")");
  for (int i = 0; i < 40; ++i) RunDirectory(std::to_string(i));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = t; i < 40; i += 4) {
        const std::string job = std::to_string(i);
        const auto launched =
            launcher_->Launch({job, directory_.File(job), {Cpu()}}, exits_.Callback());
        EXPECT_TRUE(launched.ok()) << launched.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(exits_.Await(std::to_string(i)).exit_code, i);
}

TEST_F(LocalLauncherTest, TheCallbackMayLaunchAgain) {
  UseWorker("exit 3");
  const std::string run = RunDirectory("job");
  launcher_
      ->Launch({"job", run, {Cpu()}},
               [this, run](const std::string& job, const WorkerExit&) {
                 EXPECT_TRUE(launcher_->Launch({job, run, {Cpu()}}, exits_.Callback()).ok());
               })
      .IgnoreError();
  EXPECT_EQ(exits_.Await("job").exit_code, 3);
}

TEST_F(LocalLauncherTest, NothingIsReportedOnceTheLauncherIsGone) {
  UseWorker(kWaitForever);
  const ProcessIdentity identity = Launch("job");
  AwaitReady("job");
  launcher_.reset();
  EXPECT_EQ(kill(static_cast<pid_t>(identity.pid), 0), 0) << "the worker lives on";
  kill(static_cast<pid_t>(identity.pid), SIGKILL);
  EXPECT_EQ(waitpid(static_cast<pid_t>(identity.pid), nullptr, 0), identity.pid);
  EXPECT_EQ(exits_.Count("job"), 0u);
  running_.clear();
}

TEST_F(LocalLauncherTest, AWorkerWithoutADeviceGetsOneThreadAndNoCard) {
  UseWorker(R"(test "$OMP_NUM_THREADS" = 1 && test -z "$CUDA_VISIBLE_DEVICES" && exit 7)");
  const auto launched = launcher_->Launch({"job", RunDirectory("job"), {}}, exits_.Callback());
  ASSERT_TRUE(launched.ok()) << launched.status();
  EXPECT_EQ(exits_.Await("job").exit_code, 7);
}

TEST_F(LocalLauncherTest, AWorkerReadsItsSecretsFromItsInputAlone) {
  UseWorker(R"sh(
tr '\0' ' ' < /proc/$$/cmdline > cmdline; env > env; cat > input
test "$(cat input)" = 'hush, hush' && ! grep -q hush cmdline env && exit 7)sh");
  LaunchRequest request = {"job", RunDirectory("job"), {Cpu()}};
  request.secrets = "hush, hush";
  ASSERT_TRUE(launcher_->Launch(request, exits_.Callback()).ok());
  EXPECT_EQ(exits_.Await("job").exit_code, 7);
}

TEST_F(LocalLauncherTest, AWorkerWithoutSecretsHasNothingToRead) {
  UseWorker(R"sh(test -z "$(cat)" && case "$*" in *secrets*) exit 1 ;; *) exit 7 ;; esac)sh");
  EXPECT_EQ(Run("job").exit_code, 7);
}

// ---- Refusals

TEST_F(LocalLauncherTest, SaysThatTheWorkerBinaryIsMissing) {
  launcher_ = MakeLocalLauncher("/no/such/kurd-worker");
  const auto launched = TryLaunch("job");
  EXPECT_EQ(launched.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(
      launched.status().message(),
      "starting the worker of job: executing /no/such/kurd-worker: No such file or directory");
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no process is left";
}

TEST_F(LocalLauncherTest, SaysThatTheWorkerBinaryMayNotBeExecuted) {
  const std::string worker = MakeWorker("exit 0");
  chmod(worker.c_str(), 0644);
  launcher_ = MakeLocalLauncher(worker);
  const auto launched = TryLaunch("job");
  EXPECT_EQ(launched.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(launched.status().message(), HasSubstr("executing " + worker));
}

TEST_F(LocalLauncherTest, SaysThatTheRunDirectoryIsMissing) {
  UseWorker("exit 0");
  const auto launched = launcher_->Launch({"job", directory_.File("none"), {Cpu()}}, nullptr);
  EXPECT_EQ(launched.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(launched.status().message(), HasSubstr("cannot find " + directory_.File("none")));
}

TEST_F(LocalLauncherTest, SaysThatTheProcessorsDoNotExist) {
  UseWorker("exit 0");
  const auto launched = TryLaunch("job", Cpu({4000}));
  EXPECT_THAT(launched.status().message(), HasSubstr("confining the worker to its processors"));
}

TEST_F(LocalLauncherTest, RefusesASecondWorkerOfAJobUntilTheFirstHasEnded) {
  UseWorker(kWaitForever);
  Launch("job");
  AwaitReady("job");
  EXPECT_EQ(TryLaunch("job").status().code(), absl::StatusCode::kAlreadyExists);
  ASSERT_TRUE(launcher_->Signal("job", SIGKILL).ok());
  exits_.Await("job");

  Exits again;
  ASSERT_TRUE(launcher_->Launch({"job", RunDirectory("job"), {Cpu()}}, again.Callback()).ok());
  ASSERT_TRUE(launcher_->Signal("job", SIGKILL).ok());
  again.Await("job");
}

TEST_F(LocalLauncherTest, AJobWhoseLaunchFailedMayBeLaunchedAgain) {
  launcher_ = MakeLocalLauncher(directory_.File("worker"));
  EXPECT_FALSE(TryLaunch("job").ok());
  MakeWorker("exit 4");
  EXPECT_EQ(Run("job").exit_code, 4);
  EXPECT_EQ(exits_.Count("job"), 1u);
}

TEST_F(LocalLauncherTest, FindsTheWorkerBinaryWhereTheLauncherWasMade) {
  MakeWorker("exit 6");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  launcher_ = MakeLocalLauncher("./worker");
  std::filesystem::current_path(before);
  EXPECT_EQ(Run("job").exit_code, 6);
}

// ---- Signals

TEST_F(LocalLauncherTest, AWorkerCanEndInItsOwnWay) {
  UseWorker("trap 'exit 5' TERM; echo ready > ready; while :; do read line < ready; done");
  Launch("job");
  AwaitReady("job");
  ASSERT_TRUE(launcher_->Signal("job", SIGTERM).ok());
  const WorkerExit exit = exits_.Await("job");
  EXPECT_EQ(exit.exit_code, 5);
  EXPECT_EQ(exit.signal, 0);
}

TEST_F(LocalLauncherTest, ASignalReachesTheWholeGroup) {
  UseWorker("sleep 600 & echo $! > ready; wait");
  Launch("job");
  const int child = std::stoi(AwaitReady("job"));
  const auto child_pidfd = OpenPidfd(child);
  ASSERT_TRUE(child_pidfd.ok()) << child_pidfd.status();
  ASSERT_TRUE(launcher_->Signal("job", SIGKILL).ok());
  EXPECT_EQ(exits_.Await("job").signal, SIGKILL);
  pollfd poller = {child_pidfd->get(), POLLIN, 0};
  EXPECT_EQ(poll(&poller, 1, /*timeout=*/-1), 1) << "the child has ended too";
}

TEST_F(LocalLauncherTest, AJobWithoutAWorkerCannotBeSignalled) {
  UseWorker("exit 0");
  EXPECT_EQ(launcher_->Signal("job", SIGKILL).code(), absl::StatusCode::kNotFound);
  Run("job");
  EXPECT_EQ(launcher_->Signal("job", SIGKILL).code(), absl::StatusCode::kNotFound);
}

TEST_F(LocalLauncherTest, RefusesASignalThatDoesNotExist) {
  UseWorker(kWaitForever);
  Launch("job");
  AwaitReady("job");
  EXPECT_EQ(launcher_->Signal("job", 999).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(exits_.Count("job"), 0u);
}

// ---- Descriptors

size_t OpenDescriptors() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    (void)entry;
    ++count;
  }
  return count;
}

TEST_F(LocalLauncherTest, LeavesNoDescriptorOpen) {
  MakeWorker("exit 0");
  const size_t before = OpenDescriptors();
  {
    const auto launcher = MakeLocalLauncher(directory_.File("worker"));
    const size_t idle = OpenDescriptors();
    for (int i = 0; i < 20; ++i) {
      const std::string job = std::to_string(i);
      ASSERT_TRUE(launcher->Launch({job, RunDirectory(job), {Cpu()}}, exits_.Callback()).ok());
      ASSERT_FALSE(launcher->Launch({job, directory_.File("none"), {Cpu()}}, nullptr).ok());
    }
    const auto missing = MakeLocalLauncher("/no/such/kurd-worker");
    for (int i = 0; i < 20; ++i) {
      ASSERT_FALSE(missing->Launch({"job", RunDirectory("job"), {Cpu()}}, nullptr).ok());
    }
    for (int i = 0; i < 20; ++i) exits_.Await(std::to_string(i));
    EXPECT_EQ(OpenDescriptors() - idle, idle - before) << "the second launcher's own";
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace kur::server
