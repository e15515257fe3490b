#include "server/auth/cookie.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "engine/base/sha256.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

class CookieTest : public ::testing::Test {
 protected:
  std::string Open() {
    const auto cookie = OpenCookie(FileSystem::Posix(), path_);
    EXPECT_THAT(cookie, IsOk());
    EXPECT_EQ(folder_.Read("cookie"), *cookie);
    struct stat info = {};
    EXPECT_EQ(lstat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode, static_cast<mode_t>(S_IFREG | S_IRUSR | S_IWUSR));
    return *cookie;
  }

  TemporaryDirectory folder_;
  const std::string path_ = folder_.File("cookie");
};

TEST_F(CookieTest, IsRandomAndStaysWhatItIs) {
  const std::string first = Open();
  EXPECT_TRUE(IsSha256Hex(first));
  EXPECT_EQ(Open(), first);
  ASSERT_EQ(unlink(path_.c_str()), 0);
  EXPECT_NE(Open(), first);
}

TEST_F(CookieTest, OneThatOthersMayKnowIsReplaced) {
  const std::string first = Open();
  for (const mode_t mode : {0640, 0604, 0660}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_NE(Open(), first);
    folder_.Write("cookie", first);
  }
}

TEST_F(CookieTest, WhatIsNoCookieIsReplaced) {
  const std::string other = folder_.Write("other", std::string(64, 'a'));
  ASSERT_EQ(chmod(other.c_str(), 0600), 0);
  ASSERT_EQ(symlink(other.c_str(), path_.c_str()), 0);
  EXPECT_NE(Open(), std::string(64, 'a'));
  EXPECT_EQ(folder_.Read("other"), std::string(64, 'a'));
  for (const std::string& text :
       {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g')}) {
    folder_.Write("cookie", text);
    EXPECT_TRUE(IsSha256Hex(Open()));
  }
}

TEST_F(CookieTest, AFolderThatIsNotThereIsSaid) {
  EXPECT_THAT(OpenCookie(FileSystem::Posix(), folder_.File("none/cookie")),
              FailsWith(absl::StatusCode::kNotFound, "none/cookie"));
}

}  // namespace
}  // namespace kur::server
