#include "server/net/unauthenticated_connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <chrono>
#include <string>
#include <utility>

namespace kur::server {
namespace {

using Connection = UnauthenticatedConnections::Connection;

Connection From(const std::string& source, const std::string& peer) {
  Connection connection;
  connection.source = source;
  connection.peer = peer;
  return connection;
}

sockaddr_storage Ipv6(const std::string& text, int port, uint32_t scope = 0) {
  sockaddr_storage address = {};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<uint16_t>(port));
  v6.sin6_scope_id = scope;
  EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr), 1);
  return address;
}

TEST(UnauthenticatedConnectionsTest, KnowsTheOldestInAllAndOfEachSource) {
  UnauthenticatedConnections connections;
  EXPECT_EQ(connections.Oldest(), 0u);
  connections.Add(5, From("a", "a:1"));
  connections.Add(6, From("b", "b:1"));
  connections.Add(7, From("a", "a:2"));
  EXPECT_EQ(connections.Oldest(), 5u);
  EXPECT_EQ(connections.OldestOf("b"), 6u);
  EXPECT_EQ(connections.CountOf("a"), 2u);
  EXPECT_EQ(connections.Remove(5).peer, "a:1");
  EXPECT_EQ(connections.Oldest(), 6u);
  EXPECT_EQ(connections.OldestOf("a"), 7u);
  EXPECT_EQ(connections.CountOf("a"), 1u);
  connections.Remove(7);
  EXPECT_EQ(connections.OldestOf("a"), 0u);
  EXPECT_EQ(connections.CountOf("a"), 0u);
  EXPECT_EQ(connections.size(), 1u);
}

TEST(UnauthenticatedConnectionsTest, FindsAConnectionByItsPeerAlsoWhenThePortIsUsedAgain) {
  UnauthenticatedConnections connections;
  connections.Add(1, From("a", "a:1"));
  connections.Add(2, From("a", "a:1"));
  EXPECT_EQ(connections.FindPeer("a:1"), 2u);
  connections.Remove(1);
  EXPECT_EQ(connections.FindPeer("a:1"), 2u);
  connections.Remove(2);
  EXPECT_EQ(connections.FindPeer("a:1"), 0u);
}

TEST(UnauthenticatedConnectionsTest, TheFirstDeadlineIsThatOfTheOldest) {
  UnauthenticatedConnections connections;
  const auto never = absl::InfiniteDuration();
  EXPECT_EQ(connections.FirstDeadline(), never);
  Connection connection;
  connection.deadline = absl::Seconds(7);
  const auto deadline = connection.deadline;
  connections.Add(1, std::move(connection));
  EXPECT_EQ(connections.FirstDeadline(), deadline);
}

TEST(UnauthenticatedConnectionsTest, AddressesHaveTheNamesThatGrpcGivesThem) {
  EXPECT_EQ(PeerOf(Ipv6("2001:db8::1", 8400)), "ipv6:%5B2001:db8::1%5D:8400");
  EXPECT_EQ(PeerOf(Ipv6("fe80::1", 8400, 2)), "ipv6:%5Bfe80::1%252%5D:8400");
  EXPECT_EQ(PeerOf(Ipv6("::ffff:192.0.2.7", 8400)), "ipv4:192.0.2.7:8400");
  sockaddr_storage local = {};
  local.ss_family = AF_UNIX;
  EXPECT_EQ(PeerOf(local), "unix:");
  EXPECT_EQ(SourceOf(local), "");
}

TEST(UnauthenticatedConnectionsTest, OnePersonsIpv6AddressesAreOneSource) {
  EXPECT_EQ(SourceOf(Ipv6("2001:db8:1:2:3::4", 1)), SourceOf(Ipv6("2001:db8:1:2:ffff::5", 2)));
  EXPECT_NE(SourceOf(Ipv6("2001:db8:1:2::4", 1)), SourceOf(Ipv6("2001:db8:1:3::4", 1)));
  EXPECT_EQ(SourceOf(Ipv6("::ffff:192.0.2.7", 1)), "192.0.2.7");
  EXPECT_NE(SourceOf(Ipv6("::ffff:192.0.2.7", 1)), SourceOf(Ipv6("::ffff:192.0.2.8", 1)));
}

}  // namespace
}  // namespace kur::server
