#include "server/confinement/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "tests/server/confinement/in_child.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

// A folder that is one's own, one to read, one with a device, and a file outside. These tests fail
// where the kernel has no Landlock: kurd is not to be trusted with strangers there.
class LandlockTest : public testing::Test {
 protected:
  LandlockTest() {
    for (const char* name : {"own", "data", "other"}) {
      mkdir(Path(name).c_str(), 0755);
      std::ofstream(Path(name) + "/file") << "content";
    }
  }

  std::string Path(const std::string& name) const { return directory_.File(name); }

  // Returns the error of `call` in a process that is confined to `own`, `data` and /dev/null.
  int Confined(const std::function<long()>& call) const {
    return InChild([&] {
      const absl::Status confined =
          ConfineFiles({{Path("own"), FileAccess::kReadAndWrite},
                        {Path("data"), FileAccess::kRead},
                        {"/dev/null", FileAccess::kUseDevice},
                        {Path("no such folder"), FileAccess::kReadAndWrite}});
      return confined.ok() ? ErrorOf(call()) : 255;
    });
  }

  int Open(const std::string& path, int flags) const {
    return Confined([&] { return open(path.c_str(), flags, 0600); });
  }

  const TemporaryDirectory directory_;
};

TEST_F(LandlockTest, AllowsWhatTheRulesName) {
  EXPECT_EQ(Open(Path("own/file"), O_RDWR), 0);
  EXPECT_EQ(Open(Path("own/new"), O_WRONLY | O_CREAT), 0);
  EXPECT_EQ(Open(Path("own/file"), O_WRONLY | O_TRUNC), 0);
  EXPECT_EQ(Open(Path("own"), O_RDONLY | O_DIRECTORY), 0);
  EXPECT_EQ(Open(Path("data/file"), O_RDONLY), 0);
  EXPECT_EQ(Open(Path("own"), O_RDWR | O_TMPFILE), 0);
  EXPECT_EQ(Open("/dev/null", O_RDWR), 0);
  EXPECT_EQ(Open("/proc/self/maps", O_RDONLY), 0);
  EXPECT_EQ(Open("/proc/meminfo", O_RDONLY), 0);
  mkdir(Path("own/a").c_str(), 0755);
  mkdir(Path("own/b").c_str(), 0755);
  std::ofstream(Path("own/a/file")) << "content";
  EXPECT_EQ(Confined([&] { return link(Path("own/a/file").c_str(), Path("own/b/f").c_str()); }), 0);
  EXPECT_EQ(Confined([&] { return rename(Path("own/a/file").c_str(), Path("own/f").c_str()); }), 0);
  EXPECT_EQ(Confined([&] { return unlink(Path("own/f").c_str()); }), 0);
  EXPECT_EQ(Confined([&] { return mkdir(Path("own/c").c_str(), 0700); }), 0);
}

TEST_F(LandlockTest, RefusesWhatTheyDoNotName) {
  EXPECT_EQ(Open(Path("other/file"), O_RDONLY), EACCES);
  EXPECT_EQ(Open(Path("other"), O_RDONLY | O_DIRECTORY), EACCES);
  EXPECT_EQ(Open(Path("other/new"), O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(Open(Path("data/file"), O_WRONLY), EACCES);
  EXPECT_EQ(Open(Path("data/new"), O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(Open("/etc/passwd", O_RDONLY), EACCES);
  EXPECT_EQ(Open("/proc/1/cmdline", O_RDONLY), EACCES);
  EXPECT_EQ(Confined([&] { return unlink(Path("other/file").c_str()); }), EACCES);
  EXPECT_EQ(Confined([&] { return link(Path("other/file").c_str(), Path("own/f").c_str()); }),
            EXDEV);
  EXPECT_EQ(Confined([&] { return link(Path("data/file").c_str(), Path("own/f").c_str()); }),
            EXDEV);
  EXPECT_EQ(Confined([&] { return execl("/bin/true", "true", nullptr); }), EACCES);
}

// Whoever follows a name of a workspace, such as kurd, finds a file or a folder there.
TEST_F(LandlockTest, RefusesToMakeAnythingButFilesAndFolders) {
  EXPECT_EQ(Confined([&] { return symlink("/", Path("own/link").c_str()); }), EACCES);
  EXPECT_EQ(Confined([&] { return mkfifo(Path("own/pipe").c_str(), 0600); }), EACCES);
}

TEST_F(LandlockTest, ALinkOutLeadsNowhere) {
  ASSERT_EQ(symlink(Path("other/file").c_str(), Path("own/link").c_str()), 0);
  EXPECT_EQ(Open(Path("own/link"), O_RDONLY), EACCES);
}

TEST_F(LandlockTest, TracesAndSignalsNobodyOutside) {
  const pid_t bystander = fork();
  if (bystander == 0) {
    pause();
    _exit(0);
  }
  const std::string memory = "/proc/" + std::to_string(bystander) + "/mem";
  EXPECT_EQ(Open(memory, O_RDONLY), EACCES);
  if (LandlockVersion() >= 6) {
    EXPECT_EQ(Confined([&] { return kill(bystander, SIGKILL); }), EPERM);
  }
  kill(bystander, SIGKILL);
  waitpid(bystander, nullptr, 0);
}

}  // namespace
}  // namespace kur::server
