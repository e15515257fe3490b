#include "server/net/connection_acceptor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/net/listening_socket.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/server/testing/test_sockets.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

constexpr char kTooMany[] = "too many have not authenticated";
constexpr char kTooSlow[] = "not authenticated in time";
constexpr char kNoDescriptor[] = "no descriptor is left for connections";

// An acceptor with a TCP and a UNIX socket, and what it hands over and turns away.
class ConnectionAcceptorTest : public ::testing::Test {
 protected:
  ConnectionAcceptorTest() {
    limits_.max_descriptor = 1 << 20;
    limits_.max_unauthenticated = 100;
    limits_.max_unauthenticated_of_source = 100;
    limits_.authentication_timeout = absl::Hours(1);
  }

  void Start() {
    acceptor_ = std::make_unique<ConnectionAcceptor>(limits_, [this](absl::string_view reason) {
      absl::MutexLock lock(&mutex_);
      if (!reason.empty()) ++turned_away_[std::string(reason)];
    });
    std::vector<ConnectionAcceptor::Listener> listeners;
    for (ListenAddress* address : {&tcp_, &unix_}) {
      auto sockets = Listen(*address);
      ASSERT_THAT(sockets, IsOk());
      listeners.push_back({std::move(sockets->front()), address->is_unix, [this](UniqueFd fd) {
                             absl::MutexLock lock(&mutex_);
                             handed_over_.push_back(std::move(fd));
                           }});
    }
    ASSERT_THAT(acceptor_->Start(std::move(listeners)), IsOk());
  }

  bool WaitFor(const std::function<bool()>& condition) {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&condition), absl::Milliseconds(kPatienceMs));
  }

  bool WaitForHandedOver(size_t count) {
    return WaitFor([this, count] { return handed_over_.size() >= count; });
  }
  bool WaitForTurnedAway(const std::string& reason, int count) {
    return WaitFor([&] { return turned_away_[reason] >= count; });
  }

  size_t HandedOver() {
    absl::MutexLock lock(&mutex_);
    return handed_over_.size();
  }

  // Connects, sends the first bytes, and waits until they are handed over.
  UniqueFd ConnectAndSend(const ListenAddress& to) {
    const size_t before = HandedOver();
    UniqueFd client = Connect(to);
    Send(client, kPreface);
    EXPECT_TRUE(WaitForHandedOver(before + 1));
    return client;
  }

  // The name that gRPC has for the client's end.
  static std::string PeerName(const UniqueFd& client) {
    sockaddr_storage address = {};
    socklen_t size = sizeof(address);
    EXPECT_EQ(getsockname(client.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return PeerOf(address);
  }

  TemporaryDirectory folder_;
  ListenAddress tcp_ = *ParseListenAddress("127.0.0.1:0");
  ListenAddress unix_ = *ParseListenAddress("unix:" + folder_.File("s"));
  ConnectionLimits limits_;
  absl::Mutex mutex_;
  std::map<std::string, int> turned_away_;
  std::vector<UniqueFd> handed_over_;
  std::unique_ptr<ConnectionAcceptor> acceptor_;
};

TEST_F(ConnectionAcceptorTest, HandsOverWhatHasSentItsFirstBytesHoweverSlowly) {
  Start();
  for (const ListenAddress& address : {tcp_, unix_}) {
    const size_t before = HandedOver();
    const UniqueFd silent = Connect(address);
    const UniqueFd slow = Connect(address);
    Send(slow, "PRI * HTTP");
    const UniqueFd other = ConnectAndSend(address);
    EXPECT_EQ(HandedOver(), before + 1) << "the silent and the slow one are waited for";
    Send(slow, "/2.0\r\n\r\nSM\r\n\r\n");
    EXPECT_TRUE(WaitForHandedOver(before + 2));
    char bytes[sizeof(kPreface)] = {};
    EXPECT_EQ(read(handed_over_.back().get(), bytes, sizeof(bytes) - 1),
              static_cast<ssize_t>(sizeof(bytes)) - 1);
    EXPECT_STREQ(bytes, kPreface) << "nothing is taken out of what it sent";
  }
}

TEST_F(ConnectionAcceptorTest, OneTooManyOfAnAddressEndsItsOldestAndNobodyElses) {
  limits_.max_unauthenticated_of_source = 2;
  Start();
  const UniqueFd another = Connect(tcp_, "127.0.0.2");
  const UniqueFd first = Connect(tcp_);
  const UniqueFd second = ConnectAndSend(tcp_);
  const UniqueFd third = Connect(tcp_);
  EXPECT_TRUE(EndsWithin(first, kPatienceMs));
  const UniqueFd fourth = Connect(tcp_);
  EXPECT_TRUE(EndsWithin(second, kPatienceMs)) << "also one that was handed over";
  EXPECT_TRUE(WaitForTurnedAway(kTooMany, 2));
  EXPECT_FALSE(EndsWithin(another, 0));
  EXPECT_FALSE(EndsWithin(third, 0));
  EXPECT_FALSE(EndsWithin(fourth, 0));
}

TEST_F(ConnectionAcceptorTest, OneTooManyInAllEndsTheOldest) {
  limits_.max_unauthenticated = 2;
  Start();
  const UniqueFd first = Connect(tcp_, "127.0.0.1");
  const UniqueFd second = Connect(unix_);
  const UniqueFd third = Connect(tcp_, "127.0.0.3");
  EXPECT_TRUE(EndsWithin(first, kPatienceMs));
  EXPECT_FALSE(EndsWithin(second, 0));
  EXPECT_FALSE(EndsWithin(third, 0));
}

TEST_F(ConnectionAcceptorTest, WhatDoesNotAuthenticateInTimeEnds) {
  limits_.authentication_timeout = absl::Milliseconds(200);
  Start();
  const UniqueFd silent = Connect(tcp_);
  const UniqueFd silent_local = Connect(unix_);
  const UniqueFd handed_over = ConnectAndSend(tcp_);
  const UniqueFd authenticated = ConnectAndSend(tcp_);
  acceptor_->OnAuthenticated(PeerName(authenticated));
  const UniqueFd trusted = ConnectAndSend(unix_);
  for (const UniqueFd* fd : {&silent, &silent_local, &handed_over}) {
    EXPECT_TRUE(EndsWithin(*fd, kPatienceMs));
  }
  EXPECT_TRUE(WaitForTurnedAway(kTooSlow, 3));
  EXPECT_FALSE(EndsWithin(authenticated, 500));
  EXPECT_FALSE(EndsWithin(trusted, 0));
}

TEST_F(ConnectionAcceptorTest, WhatHasEndedByItselfCountsNoMore) {
  limits_.authentication_timeout = absl::Milliseconds(500);
  Start();
  const UniqueFd client = ConnectAndSend(tcp_);
  // As gRPC does.
  shutdown(handed_over_[0].get(), SHUT_RDWR);
  handed_over_[0].reset();
  EXPECT_TRUE(EndsWithin(client, kPatienceMs));
  Connect(tcp_).reset();
  const UniqueFd slow = Connect(tcp_);
  EXPECT_TRUE(EndsWithin(slow, kPatienceMs));
  EXPECT_TRUE(WaitForTurnedAway(kTooSlow, 1)) << "the last one, but not those before";
  absl::MutexLock lock(&mutex_);
  EXPECT_THAT(turned_away_, ::testing::ElementsAre(::testing::Pair(kTooSlow, 1)));
}

TEST_F(ConnectionAcceptorTest, DescriptorsAboveTheLimitAreNotForConnections) {
  const UniqueFd highest(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
  limits_.max_descriptor = highest.get() + 20;
  Start();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 20; ++i) {
    const UniqueFd client = Connect(unix_);
    // Out of the way of those that are accepted.
    clients.emplace_back(fcntl(client.get(), F_DUPFD_CLOEXEC, 500));
  }
  EXPECT_TRUE(WaitForTurnedAway(kNoDescriptor, 5));
  EXPECT_TRUE(EndsWithin(clients.back(), kPatienceMs));
  EXPECT_FALSE(EndsWithin(clients.front(), 0));
  clients.clear();
  while (EndsWithin(Connect(unix_), 100)) {
  }
}

TEST_F(ConnectionAcceptorTest, WithNoDescriptorLeftItClosesWhatComesAndGoesOnAfterwards) {
  Start();
  std::vector<UniqueFd> waiting;
  for (int i = 0; i < 3; ++i) waiting.emplace_back(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const absl::Cleanup restore = [&before] { setrlimit(RLIMIT_NOFILE, &before); };
  std::vector<UniqueFd> files;
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  for (int fd = 0; (fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0;) files.emplace_back(fd);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, unix_.path.c_str(), sizeof(address.sun_path) - 1);
  for (const UniqueFd& fd : waiting) {
    ASSERT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_TRUE(EndsWithin(fd, kPatienceMs));
  }
  EXPECT_TRUE(WaitForTurnedAway(kNoDescriptor, 3));
  files.clear();
  EXPECT_FALSE(EndsWithin(ConnectAndSend(unix_), 0));
}

TEST_F(ConnectionAcceptorTest, AfterStopNothingListensAndWhatWaitedIsClosed) {
  Start();
  const UniqueFd silent = Connect(tcp_);
  const UniqueFd handed_over = ConnectAndSend(tcp_);
  acceptor_->Stop();
  EXPECT_TRUE(EndsWithin(silent, kPatienceMs));
  EXPECT_FALSE(EndsWithin(handed_over, 0)) << "it is gRPC's";
  EXPECT_FALSE(Connect(tcp_).valid());
  EXPECT_FALSE(Connect(unix_).valid());
}

TEST(ConnectionLimitsTest, LeaveDescriptorsForWorkersAndFiles) {
  for (const size_t descriptors : {256, 1024, 65536, 1 << 20}) {
    const ConnectionLimits clients = ClientLimits(descriptors);
    const ConnectionLimits workers = WorkerLimits(descriptors);
    // An unauthenticated connection has a second descriptor.
    EXPECT_LT(static_cast<size_t>(clients.max_descriptor) + clients.max_unauthenticated,
              static_cast<size_t>(workers.max_descriptor));
    EXPECT_LE(static_cast<size_t>(workers.max_descriptor), descriptors - descriptors / 8);
    EXPECT_GE(clients.max_unauthenticated_of_source, 16u);
    EXPECT_LE(clients.max_unauthenticated, 1024u);
  }
}

}  // namespace
}  // namespace kur::server
