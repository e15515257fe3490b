#include "server/net/listen_address.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>

#include "engine/base/file_system.h"
#include "engine/base/unique_fd.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// A socket that is bound to `path`.
UniqueFd Bind(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

TEST(ListenAddressTest, ReadsEveryForm) {
  EXPECT_EQ(ParseListenAddress("unix:/run/kurd.sock")->path, "/run/kurd.sock");
  EXPECT_EQ(ParseListenAddress("0.0.0.0:8400")->ToString(), "0.0.0.0:8400");
  EXPECT_EQ(ParseListenAddress("[::1]:8400")->ToString(), "[::1]:8400");
  EXPECT_EQ(ParseListenAddress("box.example.org:1")->host, "box.example.org");
}

TEST(ListenAddressTest, RefusesEverythingElse) {
  for (const std::string text :
       {"", "8400", "host", "host:", ":8400", "host:x", "host:65536", "host:-1", "::1:8400",
        "[::1:8400", "[host:8400", "host]:1", "[]:1", "unix:"}) {
    EXPECT_EQ(ParseListenAddress(text).status().code(), kInvalid) << text;
  }
}

TEST(ListenAddressTest, KnowsWhatOnlyThisMachineReaches) {
  for (const std::string local :
       {"unix:/a", "127.0.0.1:1", "127.8.9.1:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(ParseListenAddress(local)->IsLocal()) << local;
  }
  for (const std::string open : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1",
                                 "localhost.example.org:1", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_FALSE(ParseListenAddress(open)->IsLocal()) << open;
  }
}

TEST(ListenAddressTest, APathTooLongForTheKernelIsRefused) {
  EXPECT_THAT(ParseListenAddress("unix:/" + std::string(106, 'a')), IsOk());
  EXPECT_THAT(ParseListenAddress("unix:/" + std::string(107, 'a')), FailsWith(kInvalid, "107"));
}

TEST(ListenAddressTest, ASocketThatNobodyListensOnIsCleared) {
  TemporaryDirectory directory;
  const std::string path = directory.File("s");
  EXPECT_THAT(RemoveStaleSocket(path), IsOk());
  Bind(path);
  EXPECT_THAT(RemoveStaleSocket(path), IsOk());
  EXPECT_FALSE(Exists(path));
}

TEST(ListenAddressTest, WhatSomeoneUsesIsLeftAlone) {
  TemporaryDirectory directory;
  const std::string path = directory.File("s");
  const UniqueFd listener = Bind(path);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(RemoveStaleSocket(path), FailsWith(kPrecondition, "another program"));
  EXPECT_TRUE(Exists(path));
  const std::string file = directory.File("file");
  ASSERT_THAT(WriteFileAtomically(FileSystem::Posix(), file, "x"), IsOk());
  EXPECT_THAT(RemoveStaleSocket(file), FailsWith(kPrecondition, "not a socket"));
  EXPECT_TRUE(Exists(file));
}

}  // namespace
}  // namespace kur::server
