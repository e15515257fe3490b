#include "client/local_daemon.h"

#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

using testing::HasSubstr;

class LocalDaemonTest : public testing::Test {
 protected:
  TemporaryDirectory folder_;
  SystemClock clock_;
  LocalDaemon daemon_{folder_.File("state"), clock_};
};

TEST_F(LocalDaemonTest, StartsAnswersAndStops) {
  EXPECT_TRUE(absl::IsUnavailable(daemon_.GetInfo().status()));
  const auto info = daemon_.Start(KUR_FAKE_KURD, "cpu:2", "");
  ASSERT_TRUE(info.ok()) << info.status();
  const auto pid = static_cast<pid_t>(info->pid());
  EXPECT_NE(pid, getpid());
  EXPECT_EQ(getsid(pid), pid) << "kurd must outlive the terminal";
  EXPECT_EQ(daemon_.GetInfo()->pid(), pid);
  const absl::Status stopped = daemon_.Stop(absl::Seconds(60));
  EXPECT_TRUE(stopped.ok()) << stopped;
  EXPECT_TRUE(absl::IsUnavailable(daemon_.GetInfo().status()));
  EXPECT_TRUE(absl::IsNotFound(daemon_.Stop(absl::Seconds(60))));
}

TEST_F(LocalDaemonTest, SaysWhatAKurdThatDoesNotStartWroteLast) {
  const auto info = daemon_.Start(KUR_FAKE_KURD, "bad", "");
  EXPECT_THAT(std::string(info.status().message()),
              HasSubstr("ended with status 1 instead of starting"));
  EXPECT_THAT(std::string(info.status().message()), HasSubstr("kurd: 'bad' is no device"));
}

TEST_F(LocalDaemonTest, NeverSignalsAProcessThatDoesNotHoldTheLock) {
  // A lock file left behind, whose process id now belongs to someone else: this test.
  folder_.Write("state/kurd.lock", std::to_string(getpid()) + "\n");
  EXPECT_TRUE(absl::IsNotFound(daemon_.Stop(absl::Seconds(60))));
  folder_.Write("state/kurd.lock", "nonsense");
  EXPECT_TRUE(absl::IsNotFound(daemon_.Stop(absl::Seconds(60))));
}

TEST_F(LocalDaemonTest, SaysWhereItLookedForTheProgram) {
  const auto found = FindProgram("kurd", "/nowhere", folder_.path() + ":/also/nowhere");
  EXPECT_TRUE(absl::IsNotFound(found.status()));
  const std::string program = folder_.Write("bin/kurd", "#!/bin/sh\n");
  EXPECT_FALSE(FindProgram("kurd", "/nowhere", folder_.File("bin")).ok()) << "not executable";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  EXPECT_EQ(*FindProgram("kurd", "/nowhere", "/also/nowhere:" + folder_.File("bin")), program);
}

TEST(LocalStateDirectory, IsAbsolute) {
  const Environment environment(std::map<std::string, std::string>{{"HOME", "/home/me"}});
  EXPECT_EQ(*LocalStateDirectory("", environment), "/home/me/.local/share/kurd");
  EXPECT_EQ(*LocalStateDirectory("/srv/../srv/kurd", environment), "/srv/kurd");
  EXPECT_EQ((*LocalStateDirectory("here", environment))[0], '/');
}

}  // namespace
}  // namespace kur::client
