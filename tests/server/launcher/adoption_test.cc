// A worker outlives its launcher, and another one watches it then.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/launcher/worker_search.h"
#include "tests/server/launcher/launcher_fixture.h"

namespace kur::server {
namespace {

constexpr char kWaitForever[] = "echo ready > ready; exec sleep 600";

class AdoptionTest : public LauncherFixture {
 protected:
  // Launches "orphan" from a program that has ended when this returns.
  ProcessIdentity LaunchOrphan(const std::string& script = kWaitForever) {
    const std::string command =
        std::string(LAUNCH_AND_EXIT) + " " + MakeWorker(script) + " " + RunDirectory("orphan");
    FILE* output = popen(command.c_str(), "r");
    char handle[128] = {};
    EXPECT_EQ(fscanf(output, "%127[^\n]", handle), 1);
    EXPECT_EQ(pclose(output), 0);
    const auto identity = ParseHandle({handle});
    EXPECT_TRUE(identity.ok()) << identity.status();
    running_["orphan"] = static_cast<pid_t>(identity->pid);
    AwaitReady("orphan");
    return *identity;
  }

  static bool IsAlive(const ProcessIdentity& identity) {
    const auto pidfd = OpenPidfd(identity.pid);
    return pidfd.ok() && !HasEnded(*pidfd);
  }
};

TEST_F(AdoptionTest, AnotherLauncherWatchesAWorkerOfTheFirst) {
  UseWorker(kWaitForever);
  const ProcessIdentity identity = Launch("job");
  AwaitReady("job");
  launcher_.reset();

  UseWorker("exit 1");
  Exits adopted;
  Adopt("job", identity, adopted);
  ASSERT_TRUE(launcher_->Signal("job", SIGTERM).ok());
  const WorkerExit exit = adopted.Await("job");
  EXPECT_TRUE(exit.known) << "it is still a child of this process";
  EXPECT_EQ(exit.signal, SIGTERM);
  EXPECT_EQ(exits_.Count("job"), 0u) << "the first launcher reports nothing";
  running_.clear();
}

TEST_F(AdoptionTest, AWorkerOutlivesTheProgramThatLaunchedItAndIsAdopted) {
  const ProcessIdentity identity = LaunchOrphan();
  ASSERT_TRUE(IsAlive(identity));
  UseWorker("exit 1");
  Adopt("orphan", identity, exits_);
  EXPECT_EQ(exits_.Count("orphan"), 0u);
  ASSERT_TRUE(launcher_->Signal("orphan", SIGTERM).ok());
  const WorkerExit exit = exits_.Await("orphan");
  EXPECT_FALSE(exit.known);
  EXPECT_EQ(launcher_->Signal("orphan", SIGTERM).code(), absl::StatusCode::kNotFound);
}

TEST_F(AdoptionTest, AProcessThatUsesTheIdAgainIsNeitherAdoptedNorSignalled) {
  ProcessIdentity identity = LaunchOrphan();
  UseWorker("exit 1");
  const ProcessIdentity real = identity;
  --identity.start_ticks;
  EXPECT_FALSE(AdoptGone("orphan", identity).host_restarted);
  EXPECT_EQ(launcher_->Signal("orphan", SIGKILL).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(IsAlive(real));
  // What was refused leaves nothing behind.
  Adopt("orphan", real, exits_);
}

TEST_F(AdoptionTest, AWorkerFromBeforeARestartOfTheMachineIsGone) {
  ProcessIdentity identity = LaunchOrphan();
  UseWorker("exit 1");
  identity.boot_id = "00000000-0000-0000-0000-000000000000";
  EXPECT_TRUE(AdoptGone("orphan", identity).host_restarted);
}

TEST_F(AdoptionTest, AWorkerThatHasEndedIsGone) {
  UseWorker("exit 0");
  const ProcessIdentity identity = Launch("job");
  exits_.Await("job");
  const WorkerExit exit = AdoptGone("job", identity);
  EXPECT_FALSE(exit.known);
  EXPECT_FALSE(exit.host_restarted);
}

TEST_F(AdoptionTest, AWorkerThatEndedWhileNobodyWatchedIsReportedAtOnce) {
  UseWorker("read line < ready; exit 9");
  const ProcessIdentity identity = Launch("job");
  launcher_.reset();
  std::ofstream(directory_.File("job/ready")) << "go\n";
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(identity.pid), &info, WEXITED | WNOWAIT), 0);

  UseWorker("exit 1");
  Adopt("job", identity, exits_);
  EXPECT_EQ(exits_.Await("job").exit_code, 9);
}

TEST_F(AdoptionTest, AProcessThatLeadsNoGroupIsNoWorker) {
  UseWorker("sleep 600 & echo $! > ready; wait");
  ProcessIdentity identity = Launch("job");
  identity.pid = std::stoi(AwaitReady("job"));
  identity.start_ticks = ReadProcessStat(identity.pid)->start_ticks;
  identity.run_directory_id.clear();
  AdoptGone("child", identity);
}

TEST_F(AdoptionTest, IdsThatMeanManyProcessesAreRefused) {
  UseWorker("exit 0");
  ProcessIdentity identity;
  identity.boot_id = *ReadBootId();
  for (const int64_t pid : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{1} << 32}) {
    identity.pid = pid;
    SCOPED_TRACE(pid);
    AdoptGone("job", identity);
  }
}

TEST_F(AdoptionTest, AJobThatIsWatchedIsNotAdoptedTwice) {
  const ProcessIdentity identity = LaunchOrphan();
  UseWorker("exit 1");
  Adopt("orphan", identity, exits_);
  EXPECT_EQ(launcher_->Adopt("orphan", RunDirectory("orphan"), ToHandle(identity), nullptr)
                .status()
                .code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(AdoptionTest, AWorkerOfAnotherKindOfLauncherIsNotJudged) {
  UseWorker("exit 1");
  for (const char* text : {"slurm 4711", "4711", "", "x y z"}) {
    EXPECT_EQ(launcher_->Adopt("job", RunDirectory("job"), {text}, nullptr).status().code(),
              absl::StatusCode::kFailedPrecondition)
        << text;
  }
}

TEST_F(AdoptionTest, AWorkerIsFoundByItsRunDirectory) {
  const ProcessIdentity identity = LaunchOrphan("echo ready > ready; sleep 600; exit 1");
  UseWorker("exit 1");
  const auto found = launcher_->Find(RunDirectory("orphan"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->text, ToHandle(identity).text);
  EXPECT_EQ(launcher_->ProcessId(*found), identity.pid);
  EXPECT_FALSE(launcher_->Find(RunDirectory("other")).has_value());
}

TEST_F(AdoptionTest, ACopyThatAWorkerHasMadeOfItselfIsNotTheWorker) {
  // The copy, a shell in parentheses, has the same command line, and outlives the worker.
  UseWorker("(echo ready > ready; while :; do sleep 0.1; done) & exit 0");
  const pid_t group = static_cast<pid_t>(Launch("job").pid);
  AwaitReady("job");
  exits_.Await("job");
  EXPECT_FALSE(launcher_->Find(RunDirectory("job")).has_value());
  kill(-group, SIGKILL);
}

// ---- A worker belongs to one run directory

// A backup that is tried out must not touch what runs.
TEST_F(AdoptionTest, ACopyOfTheRunDirectoryHasNoPartInItsWorker) {
  const ProcessIdentity identity = LaunchOrphan();
  UseWorker("exit 1");
  const auto gone =
      launcher_->Adopt("orphan", RunDirectory("copy"), ToHandle(identity), exits_.Callback());
  ASSERT_TRUE(gone.ok()) << gone.status();
  ASSERT_TRUE(gone->has_value()) << "the worker is not adopted";
  EXPECT_TRUE((*gone)->is_of_original);
  EXPECT_EQ(launcher_->Signal("orphan", SIGKILL).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(IsAlive(identity));
  Adopt("orphan", identity, exits_);
}

TEST_F(AdoptionTest, ACopyUnderTheOldNameHasNoPartInTheWorkerEither) {
  const ProcessIdentity identity = LaunchOrphan();
  UseWorker("exit 1");
  std::filesystem::rename(directory_.File("orphan"), directory_.File("aside"));
  EXPECT_FALSE(launcher_->Find(RunDirectory("orphan")).has_value());
  EXPECT_TRUE(AdoptGone("orphan", identity).is_of_original);
  EXPECT_TRUE(IsAlive(identity));
}

TEST_F(AdoptionTest, ARunDirectoryThatWasRenamedKeepsItsWorker) {
  const ProcessIdentity identity = LaunchOrphan();
  UseWorker("exit 1");
  std::filesystem::rename(directory_.File("orphan"), directory_.File("renamed"));
  const auto gone =
      launcher_->Adopt("orphan", directory_.File("renamed"), ToHandle(identity), exits_.Callback());
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_FALSE(gone->has_value());
  std::filesystem::rename(directory_.File("renamed"), directory_.File("orphan"));
}

TEST_F(AdoptionTest, AHandleOfAnEarlierKurdStillNamesItsWorker) {
  ProcessIdentity identity = LaunchOrphan();
  UseWorker("exit 1");
  identity.run_directory_id.clear();
  EXPECT_EQ(ToHandle(identity).text,
            absl::StrCat(identity.pid, " ", identity.start_ticks, " ", identity.boot_id));
  Adopt("orphan", identity, exits_);
}

TEST(WorkerSearchTest, KnowsAWorkerByItsCommandLine) {
  const std::vector<std::string> arguments = {"kurd-worker", "--run-directory", "/s/runs/a-1",
                                              "--run-directory-id", "5:17"};
  const std::string line = absl::StrJoin(arguments, std::string(1, '\0')) + '\0';
  EXPECT_TRUE(IsWorkerCommandLine(line, "/s/runs/a-1", "5:17"));
  EXPECT_FALSE(IsWorkerCommandLine(line, "/s/runs/a-1", "5:1"));
  EXPECT_FALSE(IsWorkerCommandLine(line, "/s/runs/a-11", "5:17"));
  EXPECT_FALSE(IsWorkerCommandLine(line, "/s/runs/a", "5:17"));
  EXPECT_FALSE(IsWorkerCommandLine("", "/s/runs/a-1", "5:17"));
}

}  // namespace
}  // namespace kur::server
