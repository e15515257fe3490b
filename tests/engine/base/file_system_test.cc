#include "engine/base/file_system.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/failing_file_system.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using testing::FailingFileSystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

int ModeOf(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : -1;
}

class FileSystemTest : public ::testing::Test {
 protected:
  std::string File(const std::string& name) const { return dir_.path() + "/" + name; }

  TemporaryDirectory dir_;
  FileSystem& files_ = FileSystem::Posix();
};

TEST_F(FileSystemTest, ReadsAWholeFile) {
  const std::string content = std::string("a\0b", 3) + std::string(600'000, 'x');
  EXPECT_EQ(*files_.Read(dir_.Write("file", content)), content);
  EXPECT_EQ(*files_.Read(dir_.Write("empty", "")), "");
}

TEST_F(FileSystemTest, ReadsNoMoreThanTheLimit) {
  const std::string path = dir_.Write("file", "12345");
  EXPECT_EQ(*files_.Read(path, 5), "12345");
  const auto over = files_.Read(path, 4);
  EXPECT_EQ(over.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(over.status().message()), HasSubstr(path));
  EXPECT_EQ(files_.Read(dir_.Write("one", "1"), 0).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(FileSystemTest, ALimitHoldsForFilesThatDoNotSayHowLongTheyAre) {
  EXPECT_EQ(files_.Read("/dev/zero", 1000).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(FileSystemTest, NamesWhatCannotBeRead) {
  const auto missing = files_.Read(File("none"));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr(File("none")));
  EXPECT_EQ(files_.Read(dir_.path()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(FileSystemTest, AppendsAndTruncates) {
  const std::string path = dir_.Write("file", "old");
  auto file = files_.OpenForAppend(path, /*truncate=*/false);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Append(" and new").ok());
  EXPECT_EQ(*files_.Read(path), "old and new");
  ASSERT_TRUE((*file)->Truncate(5).ok());
  ASSERT_TRUE((*file)->Append("!").ok());
  ASSERT_TRUE((*file)->Sync().ok());
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(*files_.Read(path), "old a!");
  ASSERT_TRUE(files_.OpenForAppend(path, /*truncate=*/true).ok());
  EXPECT_EQ(*FileSize(path), 0);
}

TEST_F(FileSystemTest, NewFilesHaveTheModeAskedFor) {
  ASSERT_TRUE(files_.OpenForAppend(File("secret"), false, 0600).ok());
  EXPECT_EQ(ModeOf(File("secret")), 0600);
}

TEST_F(FileSystemTest, LinksDoNotReplace) {
  dir_.Write("a", "1");
  dir_.Write("b", "2");
  EXPECT_EQ(files_.Link(File("a"), File("b")).code(), absl::StatusCode::kAlreadyExists);
  ASSERT_TRUE(files_.Link(File("a"), File("c")).ok());
  EXPECT_EQ(*files_.Read(File("c")), "1");
  ASSERT_TRUE(files_.Rename(File("b"), File("a")).ok());
  EXPECT_EQ(*files_.Read(File("a")), "2");
  EXPECT_EQ(*files_.Read(File("c")), "1");
}

TEST_F(FileSystemTest, RemovesFilesAndSaysWhenThereIsNone) {
  EXPECT_TRUE(files_.Remove(dir_.Write("a", "1")).ok());
  EXPECT_EQ(files_.Remove(File("a")).code(), absl::StatusCode::kNotFound);
}

TEST_F(FileSystemTest, MakesDirectoriesWithTheirParents) {
  ASSERT_TRUE(files_.MakeDirectories(File("a/b/c"), 0700).ok());
  EXPECT_TRUE(IsDirectory(File("a/b/c")));
  EXPECT_EQ(ModeOf(File("a/b")), 0700);
  EXPECT_TRUE(files_.MakeDirectories(File("a/b/c")).ok());
  EXPECT_TRUE(files_.MakeDirectories("/").ok());
}

TEST_F(FileSystemTest, MakesNoDirectoryWhereAFileIs) {
  dir_.Write("file", "");
  EXPECT_FALSE(files_.MakeDirectories(File("file")).ok());
  EXPECT_FALSE(files_.MakeDirectories(File("file/below")).ok());
  EXPECT_EQ(*files_.Read(File("file")), "");
}

TEST_F(FileSystemTest, MakesDirectoriesForAPathThatEndsInASlash) {
  EXPECT_TRUE(files_.MakeDirectories(File("a/b/")).ok());
  EXPECT_TRUE(IsDirectory(File("a/b")));
}

TEST_F(FileSystemTest, ListsNamesInOrder) {
  for (const char* name : {"b", "a", ".c"}) dir_.Write(name, "");
  EXPECT_THAT(*ListDirectory(dir_.path()), ElementsAre(".c", "a", "b"));
  EXPECT_EQ(ListDirectory(File("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(FileSystemTest, KnowsSizesOfRegularFilesOnly) {
  EXPECT_EQ(*FileSize(dir_.Write("a", "123")), 3);
  EXPECT_EQ(FileSize(dir_.path()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PathTest, TakesPathsApartAndJoinsThem) {
  EXPECT_EQ(DirectoryOf("a/b/c"), "a/b");
  EXPECT_EQ(DirectoryOf("c"), ".");
  EXPECT_EQ(DirectoryOf("/c"), "/");
  EXPECT_EQ(BaseName("a/b/c"), "c");
  EXPECT_EQ(BaseName("c"), "c");
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(JoinPath("a", ""), "a");
}

TEST_F(FileSystemTest, WritingAtomicallyReplacesTheContent) {
  const std::string path = dir_.Write("file", "old");
  ASSERT_TRUE(WriteFileAtomically(files_, path, "new").ok());
  EXPECT_EQ(*files_.Read(path), "new");
  ASSERT_TRUE(WriteFileAtomically(files_, File("secret"), "", 0600).ok());
  EXPECT_EQ(ModeOf(File("secret")), 0600);
  EXPECT_THAT(*ListDirectory(dir_.path()), ElementsAre("file", "secret"));
}

TEST_F(FileSystemTest, WritingAtomicallyLeavesTheOldContentOrTheNewWhicheverCallFails) {
  const std::string path = File("file");
  FailingFileSystem counting(-1);
  ASSERT_TRUE(WriteFileAtomically(counting, path, "old content").ok());
  ASSERT_GE(counting.calls(), 6);  // open, append, sync, close, rename, sync of the directory
  for (int call = 0; call < counting.calls(); ++call) {
    SCOPED_TRACE(absl::StrCat("call ", call, " fails"));
    ASSERT_TRUE(WriteFileAtomically(files_, path, "old content").ok());
    FailingFileSystem failing(call);
    EXPECT_EQ(WriteFileAtomically(failing, path, "new content").code(),
              absl::StatusCode::kResourceExhausted);
    const bool renamed = call == counting.calls() - 1;
    EXPECT_EQ(*files_.Read(path), renamed ? "new content" : "old content");
    EXPECT_THAT(*ListDirectory(dir_.path()), ElementsAre("file"));
  }
}

TEST_F(FileSystemTest, WritingAtomicallyNeedsTheDirectory) {
  EXPECT_EQ(WriteFileAtomically(files_, File("none/file"), "x").code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(*ListDirectory(dir_.path()), IsEmpty());
}

}  // namespace
}  // namespace kur
