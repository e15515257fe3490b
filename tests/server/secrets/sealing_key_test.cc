#include "server/secrets/sealing_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SealingKeyTest : public ::testing::Test {
 protected:
  SealingKey NewKey(const std::string& name) {
    auto key = SealingKey::Create(FileSystem::Posix(), directory_.File(name));
    EXPECT_THAT(key, IsOk());
    return *std::move(key);
  }

  const TemporaryDirectory directory_;
};

TEST_F(SealingKeyTest, OpensWhatItHasSealed) {
  const SealingKey key = NewKey("key");
  const auto sealed = key.Seal("hush, hush", "ann TOKEN");
  ASSERT_THAT(sealed, IsOk());
  EXPECT_THAT(*sealed, Not(HasSubstr("hush")));
  EXPECT_EQ(*key.Open(*sealed, "ann TOKEN"), "hush, hush");
  // Never the same twice.
  EXPECT_NE(*key.Seal("hush, hush", "ann TOKEN"), *sealed);
}

TEST_F(SealingKeyTest, AnotherContextKeyOrByteIsDataLoss) {
  const SealingKey key = NewKey("key");
  const std::string sealed = *key.Seal("hush, hush", "ann TOKEN");
  EXPECT_TRUE(absl::IsDataLoss(key.Open(sealed, "bob TOKEN").status()));
  EXPECT_TRUE(absl::IsDataLoss(NewKey("other").Open(sealed, "ann TOKEN").status()));
  EXPECT_TRUE(absl::IsDataLoss(key.Open("short", "ann TOKEN").status()));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string damaged = sealed;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_TRUE(absl::IsDataLoss(key.Open(damaged, "ann TOKEN").status())) << i;
  }
}

TEST_F(SealingKeyTest, IsTheSameAfterItIsRead) {
  const SealingKey key = NewKey("folder/key");
  struct stat info = {};
  ASSERT_EQ(stat(directory_.File("folder/key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto read = SealingKey::Load(directory_.File("folder/key"));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->id(), key.id());
  EXPECT_EQ(*read->Open(*key.Seal("hush, hush", "c"), "c"), "hush, hush");
  EXPECT_NE(NewKey("other").id(), key.id());
  EXPECT_THAT(directory_.Read("folder/key"), Not(HasSubstr(key.id())));
}

TEST_F(SealingKeyTest, NeverReplacesAnother) {
  const auto first = SealingKey::Create(FileSystem::Posix(), directory_.File("shared"));
  const auto second = SealingKey::Create(FileSystem::Posix(), directory_.File("shared"));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->id(), second->id());
}

TEST_F(SealingKeyTest, AFileThatIsNoKeyOrOpenToOthersIsRefused) {
  EXPECT_TRUE(absl::IsNotFound(SealingKey::Load(directory_.File("none")).status()));
  const std::string path = directory_.Write("key", std::string(64, 'a') + "\n");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  EXPECT_TRUE(absl::IsPermissionDenied(SealingKey::Load(path).status()));
  EXPECT_THAT(SealingKey::Load(path, /*is_credential=*/true), IsOk());
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_THAT(SealingKey::Load(path), IsOk());
  for (const std::string text : {"", "abc", "not hexadecimal"}) {
    const absl::Status refused = SealingKey::Load(directory_.Write("key", text)).status();
    EXPECT_THAT(std::string(refused.message()), HasSubstr("openssl rand -hex 32"));
    EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("not hexa")));
  }
}

}  // namespace
}  // namespace kur::server
