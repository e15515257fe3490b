#include "server/daemon/watchdog.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/unique_fd.h"
#include "server/daemon/service_manager.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(10);
// Longer than anything takes.
constexpr int kPatienceMs = 30'000;

// A service manager that listens on $NOTIFY_SOCKET.
class WatchdogTest : public ::testing::Test {
 protected:
  WatchdogTest() { Listen(folder_.File("notify")); }
  ~WatchdogTest() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }

  // "@name" is an abstract socket.
  void Listen(const std::string& name) {
    socket_ = UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    ASSERT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
              0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }

  // The next notification; "" if none comes.
  std::string Next(int milliseconds) {
    pollfd readable = {socket_.get(), POLLIN, 0};
    if (poll(&readable, 1, milliseconds) <= 0) return "";
    char buffer[64];
    const ssize_t size = recv(socket_.get(), buffer, sizeof(buffer), 0);
    return std::string(buffer, static_cast<size_t>(size));
  }

  TemporaryDirectory folder_;
  UniqueFd socket_;
};

TEST_F(WatchdogTest, NotificationsReachFilesAndAbstractSockets) {
  ASSERT_THAT(NotifyServiceManager("READY=1"), IsOk());
  EXPECT_EQ(Next(kPatienceMs), "READY=1");
  Listen(absl::StrCat("@kurd-test-", getpid()));
  ASSERT_THAT(NotifyServiceManager("STOPPING=1"), IsOk());
  EXPECT_EQ(Next(kPatienceMs), "STOPPING=1");
  setenv("NOTIFY_SOCKET", folder_.File("nobody").c_str(), 1);
  EXPECT_FALSE(NotifyServiceManager("READY=1").ok());
  unsetenv("NOTIFY_SOCKET");
  EXPECT_THAT(NotifyServiceManager("READY=1"), IsOk());
}

TEST_F(WatchdogTest, NotifiesOnlyWhileTheChecksSucceed) {
  std::atomic<bool> serves = true;
  std::atomic<int> checks = 0;
  const Watchdog watchdog(
      [&] {
        ++checks;
        return serves ? absl::OkStatus() : absl::UnavailableError("the listener is dead");
      },
      kInterval);
  EXPECT_EQ(Next(kPatienceMs), "WATCHDOG=1");
  EXPECT_EQ(Next(kPatienceMs), "WATCHDOG=1");
  serves = false;
  // A check may have been on its way.
  const int before = checks;
  while (checks < before + 2) absl::SleepFor(kInterval);
  while (!Next(0).empty()) {
  }
  EXPECT_EQ(Next(20 * static_cast<int>(absl::ToInt64Milliseconds(kInterval))), "");
  EXPECT_GT(checks, before + 2);
  serves = true;
  EXPECT_EQ(Next(kPatienceMs), "WATCHDOG=1");
}

TEST_F(WatchdogTest, TheServiceManagerSaysHowOften) {
  EXPECT_EQ(WatchdogTimeout(), std::nullopt);
  setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(WatchdogTimeout(), absl::Seconds(30));
  setenv("WATCHDOG_PID", absl::StrCat(getpid()).c_str(), 1);
  EXPECT_EQ(WatchdogTimeout(), absl::Seconds(30));
  setenv("WATCHDOG_PID", absl::StrCat(getppid()).c_str(), 1);
  EXPECT_EQ(WatchdogTimeout(), std::nullopt) << "another process is meant";
  unsetenv("WATCHDOG_PID");
  setenv("WATCHDOG_USEC", "0", 1);
  EXPECT_EQ(WatchdogTimeout(), std::nullopt);
}

}  // namespace
}  // namespace kur::server
