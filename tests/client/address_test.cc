#include "client/address.h"

#include "gtest/gtest.h"

namespace kur::client {
namespace {

TEST(ParseAddress, ReadsSocketsAndHosts) {
  EXPECT_EQ(ParseAddress("unix:/run/kurd.sock")->path, "/run/kurd.sock");
  EXPECT_EQ(ParseAddress("unix:///run/kurd.sock")->path, "/run/kurd.sock");
  EXPECT_EQ(ParseAddress("gpubox:7700")->host, "gpubox");
  EXPECT_EQ(ParseAddress("gpubox:7700")->port, 7700);
  EXPECT_EQ(ParseAddress("[2001:db8::1]:7700")->host, "2001:db8::1");
  EXPECT_EQ(ParseAddress("[2001:db8::1]:7700")->ToString(), "[2001:db8::1]:7700");
}

TEST(ParseAddress, RefusesWhatIsNeither) {
  for (const char* text : {"", "gpubox", "gpubox:", "gpubox:0", "gpubox:65536", ":7700",
                           "unix:", "http://gpubox:7700", "2001:db8::1:7700", "/run/kurd.sock"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseAddress(text).status())) << text;
  }
}

TEST(Address, IsLocalOnlyForSocketsAndLoopback) {
  for (const char* text : {"unix:/s", "localhost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1"}) {
    EXPECT_TRUE(ParseAddress(text)->IsLocal()) << text;
  }
  for (const char* text : {"gpubox:1", "10.0.0.1:1", "localhost.evil.org:1", "[::2]:1"}) {
    EXPECT_FALSE(ParseAddress(text)->IsLocal()) << text;
  }
}

TEST(UsesTls, AlwaysBeyondTheMachineAndOnRequestOnIt) {
  EXPECT_TRUE(UsesTls(*ParseAddress("gpubox:1"), false));
  EXPECT_FALSE(UsesTls(*ParseAddress("localhost:1"), false));
  EXPECT_TRUE(UsesTls(*ParseAddress("localhost:1"), true));
  EXPECT_FALSE(UsesTls(*ParseAddress("unix:/s"), true));
}

}  // namespace
}  // namespace kur::client
