#include "server/net/listening_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "engine/base/file_system.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/server/testing/test_sockets.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

TEST(ListeningSocketTest, TheKernelChoosesAPortThatCanBeConnectedTo) {
  ListenAddress address = *ParseListenAddress("127.0.0.1:0");
  const auto sockets = Listen(address);
  ASSERT_THAT(sockets, IsOk());
  EXPECT_EQ(sockets->size(), 1u);
  EXPECT_GT(address.port, 0);
  EXPECT_TRUE(Connect(address).valid());
}

TEST(ListeningSocketTest, AllAddressesOfANameHaveOnePort) {
  ListenAddress address = *ParseListenAddress("localhost:0");
  const auto sockets = Listen(address);
  ASSERT_THAT(sockets, IsOk());
  address.host = "127.0.0.1";
  EXPECT_TRUE(Connect(address).valid());
}

TEST(ListeningSocketTest, EveryIpv6AddressIsEveryIpv4AddressToo) {
  const auto interfaces = FileSystem::Posix().Read("/proc/net/if_inet6");
  if (!interfaces.ok() || interfaces->empty()) GTEST_SKIP() << "this machine has no IPv6";
  ListenAddress address = *ParseListenAddress("[::]:0");
  const auto sockets = Listen(address);
  ASSERT_THAT(sockets, IsOk());
  address.host = "127.0.0.1";
  EXPECT_TRUE(Connect(address).valid());
}

TEST(ListeningSocketTest, APortThatIsTakenIsNamed) {
  ListenAddress address = *ParseListenAddress("127.0.0.1:0");
  const auto sockets = Listen(address);
  ASSERT_THAT(sockets, IsOk());
  const auto again = Listen(address);
  EXPECT_THAT(again, FailsWith(again.status().code(),
                               "cannot listen on " + address.ToString() + ": Address already"));
}

TEST(ListeningSocketTest, AnAddressThatIsNotThisMachinesIsNamed) {
  ListenAddress address = *ParseListenAddress("192.0.2.1:8400");
  const auto sockets = Listen(address);
  EXPECT_THAT(sockets, FailsWith(sockets.status().code(), "cannot listen on 192.0.2.1:8400"));
}

TEST(ListeningSocketTest, OnlyItsOwnerOpensAUnixSocketAndAStaleOneIsReplaced) {
  const TemporaryDirectory folder;
  ListenAddress address = *ParseListenAddress("unix:" + folder.File("s"));
  {
    const auto sockets = Listen(address);
    ASSERT_THAT(sockets, IsOk());
    struct stat info;
    ASSERT_EQ(stat(address.path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    EXPECT_THAT(Listen(address), FailsWith(absl::StatusCode::kFailedPrecondition, address.path));
  }
  EXPECT_FALSE(Connect(address).valid());
  const auto sockets = Listen(address);
  ASSERT_THAT(sockets, IsOk());
  EXPECT_TRUE(Connect(address).valid());
}

}  // namespace
}  // namespace kur::server
