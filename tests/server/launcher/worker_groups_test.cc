#include "server/launcher/worker_groups.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "tests/server/launcher/launcher_fixture.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;

// A folder that stands in for a group: files hold what was written last, nothing is enforced.
class WorkerGroupsTest : public LauncherFixture {
 protected:
  WorkerGroupsTest() { fake_.Write("cgroup.procs", ""); }

  // Workers end before the groups do, which the launcher uses.
  ~WorkerGroupsTest() override { launcher_.reset(); }

  // Removes a group as the kernel does: not while a process is in it.
  static bool RemoveUnlessBusy(const std::string& folder) {
    if (Exists(folder + "/busy")) return false;
    std::filesystem::remove_all(folder);
    return true;
  }

  void Open() {
    auto groups = WorkerGroups::Open(fake_.path(), RemoveUnlessBusy);
    ASSERT_TRUE(groups.ok()) << groups.status();
    groups_ = *std::move(groups);
  }

  TemporaryDirectory fake_;
  std::unique_ptr<WorkerGroups> groups_;
};

TEST_F(WorkerGroupsTest, TakesTheGroupOver) {
  Open();
  EXPECT_TRUE(IsDirectory(fake_.File("daemon")));
  EXPECT_THAT(fake_.Read("cgroup.subtree_control"), HasSubstr("+pids"));
}

TEST_F(WorkerGroupsTest, MovesTheProcessesThatAreInTheGroupAndSaysIfOneStays) {
  fake_.Write("cgroup.procs", absl::StrCat(getpid(), "\n"));
  const auto groups = WorkerGroups::Open(fake_.path(), RemoveUnlessBusy);
  EXPECT_EQ(fake_.Read("daemon/cgroup.procs"), absl::StrCat(getpid()));
  // Nothing takes it out of a mere file.
  EXPECT_THAT(std::string(groups.status().message()), HasSubstr("processes stay"));
}

TEST_F(WorkerGroupsTest, AGroupHasItsLimits) {
  Open();
  GroupLimits limits;
  limits.memory_bytes = 512 * kMiB;
  ASSERT_TRUE(groups_->Create("job-a-1", limits).ok());
  EXPECT_EQ(fake_.Read("job-a-1/memory.max"), absl::StrCat(512 * kMiB));
  EXPECT_EQ(fake_.Read("job-a-1/memory.oom.group"), "1");
  EXPECT_EQ(fake_.Read("job-a-1/pids.max"), "4096");
  EXPECT_EQ(groups_->MemoryOf("job-a-1"), 512 * kMiB);
  EXPECT_EQ(groups_->MemoryOf("job-b-1"), 0);
  ASSERT_TRUE(groups_->Move(getpid(), "job-a-1").ok());
  EXPECT_EQ(fake_.Read("job-a-1/cgroup.procs"), absl::StrCat(getpid()));
}

TEST_F(WorkerGroupsTest, AJobThatIsStartedAgainHasANewGroup) {
  Open();
  ASSERT_TRUE(groups_->Create("job-a-1", {}).ok());
  fake_.Write("job-a-1/memory.events", "low 0\noom 1\noom_kill 3\n");
  EXPECT_TRUE(groups_->RanOutOfMemory("job-a-1"));
  ASSERT_TRUE(groups_->Create("job-a-1", {}).ok());
  EXPECT_FALSE(groups_->RanOutOfMemory("job-a-1"));
}

TEST_F(WorkerGroupsTest, AGroupIsRemovedWhenItsLastProcessHasEnded) {
  Open();
  ASSERT_TRUE(groups_->Create("job-a-1", {}).ok());
  fake_.Write("job-a-1/busy", "");
  groups_->Remove("job-a-1");
  EXPECT_TRUE(IsDirectory(fake_.File("job-a-1")));
  std::filesystem::remove(fake_.File("job-a-1/busy"));
  groups_->Remove("job-b-1");
  EXPECT_FALSE(Exists(fake_.File("job-a-1")));
}

TEST_F(WorkerGroupsTest, AGroupOfAWorkerThatEndedUnseenStaysOnlyForWhatItTells) {
  fake_.Write("job-a-1/cgroup.events", "populated 0\n");
  fake_.Write("job-b-1/memory.events", "oom_kill 1\n");
  fake_.Write("job-c-1/cgroup.events", "populated 1\n");
  fake_.Write("other/cgroup.events", "populated 0\n");
  Open();
  EXPECT_FALSE(Exists(fake_.File("job-a-1")));
  EXPECT_TRUE(Exists(fake_.File("job-b-1")));
  EXPECT_TRUE(Exists(fake_.File("job-c-1")));
  EXPECT_TRUE(Exists(fake_.File("other")));
}

TEST_F(WorkerGroupsTest, AWorkerEntersItsGroupAndItsEndTellsWhetherMemoryRanOut) {
  Open();
  launcher_ = MakeLocalLauncher(MakeWorker("read line < ready"), Confinement::kNone, groups_.get(),
                                {512 * kMiB, /*for_each_device=*/true});
  for (const bool ran_out : {true, false}) {
    const std::string job = ran_out ? "a-1" : "b-1";
    const auto identity = Launch(job);
    EXPECT_EQ(fake_.Read("job-" + job + "/cgroup.procs"), "0");
    EXPECT_EQ(fake_.Read("job-" + job + "/memory.max"), absl::StrCat(512 * kMiB));
    fake_.Write("job-" + job + "/memory.events", ran_out ? "oom_kill 2\n" : "oom_kill 0\n");
    kill(static_cast<pid_t>(identity.pid), SIGKILL);
    const WorkerExit exit = exits_.Await(job);
    EXPECT_EQ(exit.signal, SIGKILL);
    EXPECT_EQ(exit.exceeded_memory, ran_out ? 512 * kMiB : 0);
    EXPECT_FALSE(Exists(fake_.File("job-" + job)));
  }
}

TEST_F(WorkerGroupsTest, AnAdoptedWorkersEndTellsToo) {
  Open();
  launcher_ = MakeLocalLauncher(MakeWorker("read line < ready"), Confinement::kNone, groups_.get(),
                                {64 * kMiB});
  const auto identity = Launch("a-1");
  fake_.Write("job-a-1/memory.events", "oom_kill 1\n");
  launcher_ = nullptr;
  kill(static_cast<pid_t>(identity.pid), SIGKILL);
  waitpid(static_cast<pid_t>(identity.pid), nullptr, 0);
  Open();
  launcher_ = MakeLocalLauncher(MakeWorker("true"), Confinement::kNone, groups_.get(), {64 * kMiB});
  EXPECT_EQ(AdoptGone("a-1", identity).exceeded_memory, 64 * kMiB);
  EXPECT_FALSE(Exists(fake_.File("job-a-1")));
}

TEST_F(WorkerGroupsTest, AWorkerWithoutItsGroupIsNotStarted) {
  Open();
  fake_.Write("job-a-1/busy", "");
  launcher_ = MakeLocalLauncher(MakeWorker("true"), Confinement::kNone, groups_.get(), {64 * kMiB});
  const auto refused = TryLaunch("a-1");
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("job-a-1"));
}

TEST(FindDelegatedTest, FindsTheGroupThatSystemdHasMarked) {
  const TemporaryDirectory mount;
  mount.Write("system.slice/kurd.service/cgroup.controllers", "cpu memory pids\n");
  const std::string delegated = mount.File("system.slice/kurd.service");
  const std::string own = "1:name=systemd:/\n0::/system.slice/kurd.service/daemon\n";
  EXPECT_THAT(std::string(WorkerGroups::FindDelegated(mount.path(), own).status().message()),
              HasSubstr("DelegateSubgroup=daemon"));
  if (setxattr(delegated.c_str(), "user.delegate", "1", 1, 0) != 0) {
    GTEST_SKIP() << "the file system of " << mount.path() << " has no extended attributes";
  }
  EXPECT_EQ(*WorkerGroups::FindDelegated(mount.path(), own), delegated);
  EXPECT_FALSE(WorkerGroups::FindDelegated(mount.path(), "0::/system.slice/kurd.service\n").ok());
  EXPECT_FALSE(WorkerGroups::FindDelegated(mount.path(), "0::/\n").ok());
  EXPECT_THAT(
      std::string(WorkerGroups::FindDelegated(mount.path(), "4:memory:/\n").status().message()),
      HasSubstr("no cgroup v2"));
  mount.Write("system.slice/kurd.service/cgroup.controllers", "cpu pids\n");
  EXPECT_THAT(std::string(WorkerGroups::FindDelegated(mount.path(), own).status().message()),
              HasSubstr("no memory controller"));
}

// The kernel's own groups, where a test may make one.
class KernelGroupsTest : public LauncherFixture {
 protected:
  void SetUp() override {
    const std::string enabled =
        FileSystem::Posix().Read("/sys/fs/cgroup/cgroup.subtree_control").value_or("");
    if (!absl::StrContains(enabled, "memory")) {
      GTEST_SKIP() << "no cgroup v2 with memory is mounted at /sys/fs/cgroup";
    }
    if (mkdir(folder_.c_str(), 0755) != 0) GTEST_SKIP() << "this user may not create " << folder_;
    groups_ = *WorkerGroups::Open(folder_);
  }
  void TearDown() override {
    launcher_.reset();
    rmdir((folder_ + "/daemon").c_str());
    rmdir(folder_.c_str());
  }

  const std::string folder_ = absl::StrCat("/sys/fs/cgroup/kur-test-", getpid());
  std::unique_ptr<WorkerGroups> groups_;
};

TEST_F(KernelGroupsTest, AWorkerThatNeedsTooMuchEndsAndSaysSo) {
  launcher_ = MakeLocalLauncher(MakeWorker("tail /dev/zero"), Confinement::kNone, groups_.get(),
                                {64 * kMiB});
  Launch("a-1");
  const WorkerExit exit = exits_.Await("a-1");
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_EQ(exit.exceeded_memory, 64 * kMiB);
}

}  // namespace
}  // namespace kur::server
