#include "engine/base/file_identity.h"

#include "engine/base/file_system.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

TEST(FileIdentityTest, AFileIsTheSameUnderEveryNameAndACopyIsAnother) {
  const TemporaryDirectory directory;
  const std::string a = *FileIdentity(directory.Write("a", "text"));
  EXPECT_NE(*FileIdentity(directory.Write("copy", "text")), a);
  FileSystem& files = FileSystem::Posix();
  ASSERT_TRUE(files.Link(directory.File("a"), directory.File("b")).ok());
  EXPECT_EQ(*FileIdentity(directory.File("b")), a);
  ASSERT_TRUE(files.Rename(directory.File("a"), directory.File("c")).ok());
  EXPECT_EQ(*FileIdentity(directory.File("c")), a);
  EXPECT_EQ(FileIdentity(directory.File("a")).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace kur
