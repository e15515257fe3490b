#include "engine/base/open_beneath.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/path_resolver.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::HasSubstr;

using Opener = absl::StatusOr<UniqueFd> (*)(int, const std::string&, int, mode_t,
                                            const std::string&);

std::string ReadAll(const UniqueFd& fd) {
  std::string content(64, '\0');
  content.resize(static_cast<size_t>(
      std::max<ssize_t>(0, pread(fd.get(), content.data(), content.size(), 0))));
  return content;
}

// Both ways: by openat2, and name by name as on a kernel without it.
class OpenBeneathTest : public ::testing::TestWithParam<Opener> {
 protected:
  OpenBeneathTest() {
    dir_.Write("root/folder/file", "inside");
    dir_.Write("outside/file", "secret");
    root_.reset(open(dir_.File("root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  void Link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, dir_.File(name));
  }
  absl::StatusOr<UniqueFd> Open(const std::string& path, int flags = O_RDONLY) const {
    return GetParam()(root_.get(), path, flags, 0600, "the file " + path);
  }

  TemporaryDirectory dir_;
  UniqueFd root_;
};

INSTANTIATE_TEST_SUITE_P(BothWays, OpenBeneathTest, ::testing::Values(OpenBeneath, WalkBeneath));

TEST_P(OpenBeneathTest, OpensWhatIsInside) {
  for (const char* path : {"folder/file", "./folder//file"}) {
    const auto file = Open(path);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(ReadAll(*file), "inside") << path;
    EXPECT_NE(fcntl(file->get(), F_GETFD) & FD_CLOEXEC, 0);
  }
  for (const char* folder : {"", ".", "folder", "folder/"}) {
    EXPECT_TRUE(Open(folder, O_RDONLY | O_DIRECTORY).ok()) << folder;
    EXPECT_TRUE(Open(folder, O_PATH).ok()) << folder;
  }
}

TEST_P(OpenBeneathTest, CreatesWithTheModeThatIsAskedFor) {
  ASSERT_TRUE(Open("folder/new", O_WRONLY | O_CREAT).ok());
  struct stat info = {};
  ASSERT_EQ(stat(dir_.File("root/folder/new").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_P(OpenBeneathTest, RefusesLinksAndWhatLeadsUp) {
  Link(dir_.File("outside"), "root/absolute");
  Link("../outside", "root/relative");
  Link("folder", "root/inside");
  Link("folder/file", "root/file");
  Link(dir_.File("outside/new"), "root/dangling");
  for (const char* path : {"absolute/file", "relative/file", "inside/file", "file", "..",
                           "../outside/file", "folder/../folder/file"}) {
    for (const int flags : {O_RDONLY, O_PATH, O_WRONLY | O_CREAT}) {
      const absl::Status refused = Open(path, flags).status();
      EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << path << refused;
      EXPECT_THAT(std::string(refused.message()), HasSubstr(path));
    }
  }
  EXPECT_FALSE(Open(dir_.File("outside/file")).ok());
  EXPECT_FALSE(Open("dangling", O_WRONLY | O_CREAT).ok());
  EXPECT_FALSE(Exists(dir_.File("outside/new")));
}

TEST_P(OpenBeneathTest, SaysWhatIsNotThere) {
  EXPECT_EQ(Open("none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Open("none/file").status().code(), absl::StatusCode::kNotFound);
  for (const char* path : {"folder/file/below", "folder/file/", "folder/file/."}) {
    EXPECT_EQ(Open(path).status().code(), absl::StatusCode::kNotFound) << path;
  }
}

TEST_P(OpenBeneathTest, WaitsForNobody) {
  ASSERT_EQ(mkfifo(dir_.File("root/pipe").c_str(), 0600), 0);
  EXPECT_EQ(Open("pipe").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(Open("pipe", O_WRONLY).ok());
}

// Swaps the folder ROOT/folder and a link to a folder outside, again and again, while it lives.
class Swapper {
 public:
  explicit Swapper(const TemporaryDirectory& dir)
      : folder_(dir.File("root/folder")), link_(dir.File("root/link")) {
    std::filesystem::create_symlink(dir.File("outside"), link_);
    thread_ = std::thread([this] {
      while (!stop_) {
        syscall(SYS_renameat2, AT_FDCWD, folder_.c_str(), AT_FDCWD, link_.c_str(), RENAME_EXCHANGE);
        ++swaps_;
      }
    });
  }
  ~Swapper() {
    stop_ = true;
    thread_.join();
  }
  int64_t swaps() const { return swaps_; }

 private:
  const std::string folder_;
  const std::string link_;
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> swaps_{0};
  std::thread thread_;
};

constexpr int64_t kSwaps = 20'000;

TEST_P(OpenBeneathTest, NothingOutsideIsOpenedWhileAFolderAndALinkAreSwapped) {
  const Swapper swapper(dir_);
  int64_t opened = 0;
  while (swapper.swaps() < kSwaps || opened == 0) {
    const auto file = Open("folder/file");
    if (!file.ok()) continue;
    ++opened;
    ASSERT_EQ(ReadAll(*file), "inside");
  }
}

// What the engine does with a path of a Kurfile.
TEST(LinkSwapTest, WhatWasResolvedIsReadAsItWasOrNotAtAll) {
  const TemporaryDirectory dir;
  dir.Write("root/folder/file", "inside");
  dir.Write("outside/file", "secret");
  PathResolver::Options options;
  options.workspace = dir.File("root");
  const PathResolver resolver(options);
  const Swapper swapper(dir);
  int64_t read = 0;
  while (swapper.swaps() < kSwaps || read == 0) {
    const auto path = resolver.ForReading("folder/file");
    if (!path.ok()) continue;
    const auto content = FilesWithoutLinks().Read(*path);
    if (!content.ok()) continue;
    ++read;
    ASSERT_EQ(*content, "inside");
  }
}

TEST(LinkSwapTest, NothingOutsideIsWrittenListedOrRemoved) {
  const TemporaryDirectory dir;
  dir.Write("root/folder/file", "inside");
  dir.Write("outside/file", "secret");
  const Swapper swapper(dir);
  FileSystem& files = FilesWithoutLinks();
  const std::string folder = dir.File("root/folder");
  while (swapper.swaps() < kSwaps) {
    WriteFileAtomically(files, folder + "/written", "x").IgnoreError();
    files.MakeDirectory(folder + "/made").IgnoreError();
    files.Link(folder + "/file", folder + "/linked").IgnoreError();
    files.Remove(folder + "/linked").IgnoreError();
    const auto names = files.ListDirectory(folder);
    if (!names.ok()) continue;
    EXPECT_THAT(*names, ::testing::Contains("file"));
  }
  EXPECT_THAT(*ListDirectory(dir.File("outside")), ::testing::ElementsAre("file"));
}

TEST(OpenWithoutLinksTest, ReadsPathsFromTheRootAndFromHere) {
  const TemporaryDirectory dir;
  const std::string file = dir.Write("file", "content");
  ASSERT_TRUE(OpenWithoutLinks(file, O_RDONLY).ok());
  ASSERT_TRUE(OpenWithoutLinks("/", O_RDONLY).ok());
  ASSERT_TRUE(OpenWithoutLinks(".", O_RDONLY).ok());
  std::filesystem::create_symlink(dir.path(), dir.File("link"));
  const absl::Status refused = OpenWithoutLinks(dir.File("link/file"), O_RDONLY).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(refused.message()), HasSubstr(dir.File("link/file")));
}

TEST(ResolveLinksTest, ResolvesWhatIsThereAndKeepsTheRest) {
  const TemporaryDirectory dir;
  dir.Write("real/file", "");
  std::filesystem::create_symlink("real", dir.File("link"));
  std::filesystem::create_symlink("circle", dir.File("circle"));
  EXPECT_EQ(ResolveLinks(dir.File("link/file")), dir.File("real/file"));
  EXPECT_EQ(ResolveLinks(dir.File("link/not/there")), dir.File("real/not/there"));
  EXPECT_EQ(ResolveLinks(dir.File("circle")), "");
}

// kurd's: what a worker writes is in a folder of runs/, the operator's links are above.
TEST(WithoutLinksInTest, FollowsTheOperatorsLinksAndNoneOfAWorker) {
  const TemporaryDirectory dir;
  dir.Write("disk/tutorial-1/outcome.pb", "outcome");
  dir.Write("elsewhere/outcome.pb", "secret");
  std::filesystem::create_symlink("disk", dir.File("runs"));
  std::filesystem::create_symlink(dir.File("elsewhere"), dir.File("disk/tutorial-2"));
  const auto files = FilesWithoutLinksIn(dir.File("runs"));
  EXPECT_EQ(*files->Read(dir.File("runs/tutorial-1/outcome.pb")), "outcome");
  EXPECT_EQ(*files->Read(dir.File("runs/tutorial-2/outcome.pb")), "secret");
  EXPECT_TRUE(files->IsDirectory(dir.File("runs/tutorial-1")));
  EXPECT_TRUE(files->MakeDirectories(dir.File("runs/tutorial-3/source/deep")).ok());
  EXPECT_EQ(*files->FileSize(dir.File("runs/tutorial-1/outcome.pb")), 7);

  std::filesystem::create_symlink(dir.File("elsewhere"), dir.File("disk/tutorial-1/source"));
  std::filesystem::create_symlink(dir.File("elsewhere/outcome.pb"),
                                  dir.File("disk/tutorial-1/events.log"));
  EXPECT_FALSE(files->Read(dir.File("runs/tutorial-1/events.log")).ok());
  EXPECT_TRUE(files->Exists(dir.File("runs/tutorial-1/events.log"))) << "whatever it is";
  EXPECT_FALSE(files->OpenForAppend(dir.File("runs/tutorial-1/events.log"), false).ok());
  EXPECT_FALSE(files->OpenForAppend(dir.File("runs/tutorial-1/source/new"), true).ok());
  EXPECT_FALSE(files->MakeDirectories(dir.File("runs/tutorial-1/source/new")).ok());
  EXPECT_FALSE(files->Remove(dir.File("runs/tutorial-1/source/outcome.pb")).ok());
  EXPECT_FALSE(files->ListDirectory(dir.File("runs/tutorial-1/source")).ok());
  EXPECT_FALSE(files
                   ->Rename(dir.File("runs/tutorial-1/outcome.pb"),
                            dir.File("runs/tutorial-1/source/outcome.pb"))
                   .ok());
  EXPECT_EQ(dir.Read("elsewhere/outcome.pb"), "secret");
  EXPECT_THAT(*ListDirectory(dir.File("elsewhere")), ::testing::ElementsAre("outcome.pb"));
}

}  // namespace
}  // namespace kur
