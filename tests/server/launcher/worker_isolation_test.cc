// What a worker has of the program that launched it: what it was given, and nothing else.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_identity.h"
#include "server/devices/cpu_slots.h"
#include "tests/server/launcher/launcher_fixture.h"

namespace kur::server {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class WorkerIsolationTest : public LauncherFixture {
 protected:
  // The value of a field in a copy of /proc/PID/status.
  std::string StatusField(const std::string& job, const std::string& name) {
    for (const auto line : absl::StrSplit(Content(job, "status"), '\n')) {
      const std::pair<std::string, std::string> field =
          absl::StrSplit(line, absl::MaxSplits(":\t", 1));
      if (field.first == name) return field.second;
    }
    return "no such field";
  }
};

TEST_F(WorkerIsolationTest, RunsInItsRunDirectoryWhichItIsTold) {
  UseWorker("echo \"$@\" > arguments; pwd > directory");
  Run("job");
  const std::string run = directory_.File("job");
  EXPECT_EQ(Content("job", "arguments"),
            "--run-directory " + run + " --run-directory-id " + *FileIdentity(run) + "\n");
  EXPECT_EQ(Content("job", "directory"), directory_.File("job") + "\n");
}

TEST_F(WorkerIsolationTest, AppendsItsOutputToTheLog) {
  std::ofstream(RunDirectory("job") + "/worker.log") << "an earlier run\n";
  UseWorker("echo to the log; echo and errors >&2");
  Run("job");
  EXPECT_EQ(Content("job", "worker.log"), "an earlier run\nto the log\nand errors\n");
}

TEST_F(WorkerIsolationTest, GetsTheEnvironmentOfItsDevicesWithoutKurdsSecrets) {
  setenv("KUR_TEST_SECRET", "secret", 1);
  setenv("LC_TEST", "language", 1);
  UseWorker("cat /proc/$$/environ > environ");
  Device device = Cpu();
  device.threads = 3;
  Run("job", device);
  unsetenv("KUR_TEST_SECRET");
  unsetenv("LC_TEST");
  const std::vector<std::string> environment =
      absl::StrSplit(Content("job", "environ"), '\0', absl::SkipEmpty());
  EXPECT_THAT(environment, Contains("OMP_NUM_THREADS=3"));
  EXPECT_THAT(environment, Contains("CUDA_VISIBLE_DEVICES="));
  EXPECT_THAT(environment, Contains("LC_TEST=language"));
  EXPECT_THAT(environment, Contains(absl::StrCat("PATH=", getenv("PATH"))));
  EXPECT_THAT(environment, Each(Not(HasSubstr("SECRET"))));
}

TEST_F(WorkerIsolationTest, RunsOnTheProcessorsOfItsSlotsOnly) {
  const int last = AvailableProcessors()->back();
  UseWorker("cat /proc/self/status > status");
  Run("job", Cpu({last}));
  EXPECT_EQ(StatusField("job", "Cpus_allowed_list"), std::to_string(last));
}

TEST_F(WorkerIsolationTest, HasNoSignalBlockedOrIgnored) {
  sigset_t term;
  sigset_t before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, &before);
  const auto pipe_before = signal(SIGPIPE, SIG_IGN);
  UseWorker("cat /proc/self/status > status");
  Run("job");
  signal(SIGPIPE, pipe_before);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(StatusField("job", "SigBlk"), "0000000000000000");
  EXPECT_EQ(StatusField("job", "SigIgn"), "0000000000000000");
}

TEST_F(WorkerIsolationTest, LaunchingLeavesTheSignalMaskAlone) {
  UseWorker("exit 0");
  sigset_t before;
  sigprocmask(SIG_BLOCK, nullptr, &before);
  Run("job");
  sigset_t after;
  sigprocmask(SIG_BLOCK, nullptr, &after);
  for (int signal = 1; signal < NSIG; ++signal) {
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal)) << signal;
  }
}

TEST_F(WorkerIsolationTest, HasNoFileOfKurdOpen) {
  constexpr int kInheritable = 77;
  const int root = open("/", O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(dup2(root, kInheritable), kInheritable);
  close(root);
  UseWorker(
      "for fd in /proc/$$/fd/*; do\n"
      "  readlink $fd\n"
      "done > fds");
  Run("job");
  close(kInheritable);
  const std::vector<std::string> files =
      absl::StrSplit(Content("job", "fds"), '\n', absl::SkipEmpty());
  const std::string run = directory_.File("job");
  // The last two are the shell's own.
  EXPECT_THAT(files, Each(AnyOf("/dev/null", run + "/worker.log", directory_.File("worker"),
                                run + "/fds")));
  EXPECT_THAT(files, Contains("/dev/null"));
}

TEST_F(WorkerIsolationTest, WorksWhereStandardStreamsAreClosed) {
  UseWorker("read line || echo end of input");
  RunDirectory("job");
  const int saved = dup(STDIN_FILENO);
  close(STDIN_FILENO);
  const WorkerExit exit = Run("job");
  dup2(saved, STDIN_FILENO);
  close(saved);
  EXPECT_EQ(exit.exit_code, 0);
  EXPECT_EQ(Content("job", "worker.log"), "end of input\n");
}

TEST_F(WorkerIsolationTest, LeadsItsOwnSessionAndProcessGroup) {
  UseWorker("echo ready > ready; exec sleep 600");
  const pid_t pid = static_cast<pid_t>(Launch("job").pid);
  AwaitReady("job");
  EXPECT_EQ(getsid(pid), pid);
  EXPECT_EQ(getpgid(pid), pid);
  EXPECT_NE(getsid(pid), getsid(0));
}

TEST_F(WorkerIsolationTest, DumpsNoCoreAndHasFilesInReason) {
  UseWorker("ulimit -c > core; ulimit -n > files");
  Run("job");
  EXPECT_EQ(Content("job", "core"), "0\n");
  EXPECT_LE(std::stoi(Content("job", "files")), 1 << 16);
}

TEST_F(WorkerIsolationTest, AConfinedOneHasItsFilesAndNoOthers) {
  const std::string run = RunDirectory("job");
  const std::string other = directory_.File("other");
  std::ofstream(other) << "of another job\n";
  launcher_ = MakeLocalLauncher(MakeWorker("echo mine > mine\n"
                                           "echo \"$TMPDIR $CUDA_CACHE_PATH $5\"\n"
                                           "cat mine /proc/self/comm < /dev/null\n"
                                           "cat " +
                                           other +
                                           "\n"
                                           "cat /etc/passwd"),
                                Confinement::kWherever);
  LaunchRequest request = {"job", run, {Cpu()}};
  request.files = {{run, FileAccess::kReadAndWrite}};
  const auto worker = launcher_->Launch(request, exits_.Callback());
  ASSERT_TRUE(worker.ok()) << worker.status();
  exits_.Await("job");
  const std::string log = Content("job", "worker.log");
  EXPECT_THAT(log, StartsWith(run + " " + run + "/cuda-cache --confined\nmine\n"));
  EXPECT_THAT(log, HasSubstr(other + ": Permission denied"));
  EXPECT_THAT(log, HasSubstr("/etc/passwd: Permission denied"));
}

TEST_F(WorkerIsolationTest, TheLogIsNeverALinkToElsewhere) {
  UseWorker("echo output");
  const std::string victim = directory_.File("victim");
  std::filesystem::create_symlink(victim, RunDirectory("job") + "/worker.log");
  EXPECT_FALSE(TryLaunch("job").ok());
  EXPECT_FALSE(std::filesystem::exists(victim));
}

}  // namespace
}  // namespace kur::server
