#include "engine/base/network_rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::HasSubstr;

absl::Status Check(const NetworkRules& rules, const std::string& text) {
  sockaddr_storage storage = {};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr), 1) << text;
    v6.sin6_family = AF_INET6;
  }
  return rules.Check(reinterpret_cast<const sockaddr&>(storage));
}

TEST(NetworkRulesTest, ThePublicInternetIsAllowed) {
  for (const char* address : {"1.1.1.1", "9.255.255.255", "11.0.0.1", "128.0.0.1", "172.15.0.1",
                              "172.32.0.1", "192.167.1.1", "100.63.0.1", "100.128.0.1",
                              "223.255.255.255", "2600::1", "2a00:1450::1", "::ffff:8.8.8.8"}) {
    EXPECT_TRUE(Check({}, address).ok()) << address;
  }
}

TEST(NetworkRulesTest, WhatIsNotPublicIsRefused) {
  for (const char* address : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "100.64.0.1",
                              "127.0.0.1",
                              "127.255.255.255",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "198.18.0.1",
                              "203.0.113.9",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.1.1.1",
                              "::127.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "2001:0:1::",
                              "fc00::1",
                              "fd12::1",
                              "fe80::1",
                              "ff02::1"}) {
    const absl::Status status = Check({}, address);
    EXPECT_TRUE(absl::IsPermissionDenied(status)) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr("--download-network"));
  }
}

TEST(NetworkRulesTest, TheOperatorAllowsNetworks) {
  const auto rules = NetworkRules::Parse({"10.1.0.0/16", "127.0.0.1", "fd00:1::/33"});
  ASSERT_TRUE(rules.ok()) << rules.status();
  for (const char* address : {"10.1.255.1", "::ffff:10.1.0.1", "127.0.0.1", "fd00:1:7fff::1"}) {
    EXPECT_TRUE(Check(*rules, address).ok()) << address;
  }
  for (const char* address : {"10.2.0.1", "127.0.0.2", "fd00:1:8000::1", "::1"}) {
    EXPECT_FALSE(Check(*rules, address).ok()) << address;
  }
}

TEST(NetworkRulesTest, AllOfItMayBeAllowed) {
  const auto rules = NetworkRules::Parse({"0.0.0.0/0", "::/0"});
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_TRUE(Check(*rules, "169.254.169.254").ok());
  EXPECT_TRUE(Check(*rules, "::1").ok());
}

TEST(NetworkRulesTest, SaysWhatIsNoNetwork) {
  for (const char* text : {"", "localhost", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1",
                           "10.0.0/8", "10.0.0.0/8/8"}) {
    const auto rules = NetworkRules::Parse({text});
    EXPECT_TRUE(absl::IsInvalidArgument(rules.status())) << text;
  }
}

TEST(NetworkRulesTest, OtherFamiliesAreRefused) {
  sockaddr address = {};
  address.sa_family = AF_UNIX;
  EXPECT_TRUE(
      absl::IsPermissionDenied(NetworkRules::Parse({"0.0.0.0/0", "::/0"}).value().Check(address)));
}

}  // namespace
}  // namespace kur
