#include "engine/base/path_resolver.h"

#include <pthread.h>
#include <sys/resource.h>

#include <filesystem>
#include <functional>
#include <string>

#include "engine/base/file_system.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::HasSubstr;

TEST(NormalizeRelativePathTest, TakesOutWhatSaysNothing) {
  EXPECT_EQ(*NormalizeRelativePath("a"), "a");
  EXPECT_EQ(*NormalizeRelativePath("./a//b/../c"), "a/c");
  EXPECT_EQ(*NormalizeRelativePath("a/b/"), "a/b");
  EXPECT_EQ(*NormalizeRelativePath("a/../b"), "b");
  EXPECT_EQ(*NormalizeRelativePath("..a/b.."), "..a/b..");
  EXPECT_EQ(*NormalizeRelativePath("a b/\xc3\xa4"), "a b/\xc3\xa4");
}

TEST(NormalizeRelativePathTest, RefusesWhatNamesNoFileBelow) {
  for (const std::string& path : {std::string(), std::string("/a"), std::string("."),
                                  std::string("a/.."), std::string("a\0b", 3)}) {
    EXPECT_EQ(NormalizeRelativePath(path).status().code(), absl::StatusCode::kInvalidArgument)
        << path;
  }
  for (const char* path : {"..", "../a", "a/../../b", "a/b/../../.."}) {
    const absl::Status status = NormalizeRelativePath(path).status();
    EXPECT_FALSE(status.ok()) << path;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
  }
}

TEST(NormalizeInputPathTest, KeepsWhatLeadsAbove) {
  EXPECT_EQ(*NormalizeInputPath("./a//b/../c"), "a/c");
  EXPECT_EQ(*NormalizeInputPath("../data/./train.jsonl"), "../data/train.jsonl");
  EXPECT_EQ(*NormalizeInputPath("a/../../b/../c"), "../c");
  EXPECT_EQ(*NormalizeInputPath("../../a"), "../../a");
}

TEST(NormalizeInputPathTest, RefusesWhatNamesNoFile) {
  for (const std::string& path : {std::string(), std::string("/a"), std::string(".."),
                                  std::string("../a/.."), std::string("../a\0b", 6)}) {
    EXPECT_EQ(NormalizeInputPath(path).status().code(), absl::StatusCode::kInvalidArgument) << path;
  }
}

class PathResolverTest : public ::testing::Test {
 protected:
  PathResolverTest() {
    dir_.Write("workspace/data/train.pkl", "train");
    dir_.Write("workspace/frozen.pkl", "changed since");
    dir_.Write("home/.cache/mnist.gz", "mnist");
    dir_.Write("data/shared.pkl", "shared");
    dir_.Write("data-of-others/secret", "secret");
    dir_.Write("blobs/123", "as it was");
    options_.workspace = Path("workspace");
    options_.home = Path("home");
    options_.data_roots = {Path("data")};
  }

  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  void Link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, Path(name));
  }
  PathResolver Resolver() const { return PathResolver(options_); }
  absl::StatusCode ReadCode(const std::string& path) const {
    return Resolver().ForReading(path).status().code();
  }
  absl::StatusCode WriteCode(const std::string& path) const {
    return Resolver().ForWriting(path).status().code();
  }
  // Returns the content that a job reads under `path`.
  std::string Content(const std::string& path) const {
    const auto file = Resolver().ForReading(path);
    return file.ok() ? *FileSystem::Posix().Read(*file) : file.status().ToString();
  }

  TemporaryDirectory dir_;
  PathResolver::Options options_;
};

TEST_F(PathResolverTest, RelativePathsAreInTheWorkspace) {
  EXPECT_EQ(Content("data/train.pkl"), "train");
  EXPECT_EQ(Content("./data/../data//train.pkl"), "train");
  EXPECT_EQ(*Resolver().ForWriting("new/weights.w"), Path("workspace/new/weights.w"));
  EXPECT_FALSE(Exists(Path("workspace/new")));
}

TEST_F(PathResolverTest, HomePathsAreInTheUsersFolder) {
  EXPECT_EQ(Content("~/.cache/mnist.gz"), "mnist");
  EXPECT_EQ(*Resolver().ForReading("~"), Path("home"));
  EXPECT_EQ(*Resolver().ForWriting("~/weights.w"), Path("home/weights.w"));
  EXPECT_NE(ReadCode("~/../data-of-others/secret"), absl::StatusCode::kOk);
  EXPECT_NE(WriteCode("~/../x"), absl::StatusCode::kOk);
  // "~user" is not resolved: the name is an ordinary one.
  EXPECT_EQ(*Resolver().ForWriting("~other/x"), Path("workspace/~other/x"));
}

TEST_F(PathResolverTest, AbsolutePathsAreReadInDataRootsOnly) {
  EXPECT_EQ(Content(Path("data/shared.pkl")), "shared");
  EXPECT_EQ(Content(Path("data/../data/shared.pkl")), "shared");
  EXPECT_EQ(ReadCode(Path("data-of-others/secret")), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadCode(Path("data/../data-of-others/secret")), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadCode("/etc/passwd"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(WriteCode(Path("data/new")), absl::StatusCode::kPermissionDenied);
}

TEST_F(PathResolverTest, WhatIsOutsideIsDeniedWhetherItExistsOrNot) {
  EXPECT_EQ(ReadCode(Path("nothing")), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadCode(Path("data/nothing")), absl::StatusCode::kNotFound);
}

TEST_F(PathResolverTest, TheRootAsDataRootAllowsEverythingToBeRead) {
  options_.data_roots = {"/"};
  EXPECT_EQ(Content(Path("data-of-others/secret")), "secret");
  EXPECT_EQ(WriteCode(Path("data-of-others/secret")), absl::StatusCode::kPermissionDenied);
}

TEST_F(PathResolverTest, NoDataRootsAllowNoAbsolutePath) {
  options_.data_roots.clear();
  EXPECT_EQ(ReadCode(Path("data/shared.pkl")), absl::StatusCode::kPermissionDenied);
}

TEST_F(PathResolverTest, ADataRootMayBeALink) {
  Link(Path("data"), "alias");
  options_.data_roots = {Path("alias")};
  EXPECT_EQ(Content(Path("alias/shared.pkl")), "shared");
  EXPECT_EQ(Content(Path("data/shared.pkl")), "shared");
}

TEST_F(PathResolverTest, MissingFilesAreNotFound) {
  const absl::Status status = Resolver().ForReading("data/none.pkl").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("data/none.pkl"));
}

TEST_F(PathResolverTest, WhatCannotBeOpenedIsNotCalledMissing) {
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const absl::Status status = Resolver().ForReading("data/train.pkl").status();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot open data/train.pkl: "));
}

TEST_F(PathResolverTest, PathsThatLeadOutAreRefused) {
  for (const char* path : {"../data-of-others/secret", "data/../../home/x", ".."}) {
    EXPECT_NE(ReadCode(path), absl::StatusCode::kOk) << path;
    EXPECT_NE(WriteCode(path), absl::StatusCode::kOk) << path;
  }
  EXPECT_EQ(WriteCode(std::string("a\0b", 3)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadCode(""), absl::StatusCode::kInvalidArgument);
}

TEST_F(PathResolverTest, LinksThatLeadOutAreRefused) {
  Link(Path("data-of-others"), "workspace/folder");
  Link(Path("data-of-others/secret"), "workspace/file");
  Link("../data-of-others", "workspace/relative");
  Link(Path("data-of-others"), "home/folder");
  Link(Path("data-of-others"), "data/folder");
  for (const char* path : {"folder/secret", "file", "relative/secret", "~/folder/secret"}) {
    EXPECT_EQ(ReadCode(path), absl::StatusCode::kPermissionDenied) << path;
    EXPECT_EQ(WriteCode(path), absl::StatusCode::kPermissionDenied) << path;
  }
  EXPECT_EQ(WriteCode("folder/not/there/yet"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadCode(Path("data/folder/secret")), absl::StatusCode::kPermissionDenied);
}

TEST_F(PathResolverTest, LinksThatStayInsideAreFollowed) {
  Link("data", "workspace/alias");
  EXPECT_EQ(Content("alias/train.pkl"), "train");
  EXPECT_EQ(WriteCode("alias/new"), absl::StatusCode::kOk);
}

TEST_F(PathResolverTest, AWorkspaceMayItselfBeALink) {
  Link(Path("workspace"), "current");
  options_.workspace = Path("current");
  EXPECT_EQ(Content("data/train.pkl"), "train");
  EXPECT_EQ(WriteCode("x"), absl::StatusCode::kOk);
}

TEST_F(PathResolverTest, FrozenInputsWinOverTheWorkspace) {
  options_.inputs = {{"frozen.pkl", Path("blobs/123")}};
  EXPECT_EQ(Content("frozen.pkl"), "as it was");
  EXPECT_EQ(Content("./data/../frozen.pkl"), "as it was");
  EXPECT_EQ(Content("data/train.pkl"), "train");
  EXPECT_EQ(*Resolver().ForWriting("frozen.pkl"), Path("workspace/frozen.pkl"));
}

TEST_F(PathResolverTest, OnlyAFrozenInputMayBeNamedAboveTheWorkspace) {
  options_.inputs = {{"../sent.pkl", Path("blobs/123")}};
  EXPECT_EQ(Content("../sent.pkl"), "as it was");
  EXPECT_EQ(Content("data/../../sent.pkl"), "as it was");
  EXPECT_EQ(ReadCode("../data/shared.pkl"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(WriteCode("../sent.pkl"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadCode("~/../sent.pkl"), absl::StatusCode::kPermissionDenied);
}

// As deep as a path can be, on a stack as small as that of a thread may be.
TEST_F(PathResolverTest, APathOfAThousandMissingFoldersNeedsLittleStack) {
  std::string path = "missing";
  for (int i = 0; i < 2000; ++i) path += "/a";
  absl::StatusCode code = absl::StatusCode::kOk;
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 256 << 10);
  struct Call {
    std::function<void()> run;
  } call = {[&] { code = ReadCode(path); }};
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    static_cast<Call*>(argument)->run();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &small, run, &call), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&small);
  EXPECT_EQ(code, absl::StatusCode::kNotFound);
}

// The target of a dangling link may be created later.
TEST_F(PathResolverTest, DanglingLinksThatLeadOutAreRefused) {
  Link(Path("data-of-others/not-there-yet"), "workspace/absolute");
  Link("../data-of-others/not/there/yet", "workspace/relative");
  Link("nothing/../../data-of-others/not-there-yet", "workspace/roundabout");
  Link("absolute", "workspace/twice");
  for (const std::string path : {"absolute", "relative", "roundabout", "twice"}) {
    EXPECT_EQ(WriteCode(path), absl::StatusCode::kPermissionDenied) << path;
    EXPECT_EQ(WriteCode(path + "/below"), absl::StatusCode::kPermissionDenied) << path;
    EXPECT_NE(ReadCode(path), absl::StatusCode::kOk) << path;
  }
}

TEST_F(PathResolverTest, DanglingLinksThatStayInsideMayBeWritten) {
  Link("data/not-there-yet", "workspace/dangling");
  EXPECT_EQ(WriteCode("dangling"), absl::StatusCode::kOk);
  EXPECT_EQ(ReadCode("dangling"), absl::StatusCode::kNotFound);
}

TEST_F(PathResolverTest, LinksInACircleAreRefused) {
  Link("b", "workspace/a");
  Link("a", "workspace/b");
  EXPECT_EQ(WriteCode("a"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(WriteCode("a/below"), absl::StatusCode::kPermissionDenied);
  EXPECT_NE(ReadCode("a"), absl::StatusCode::kOk);
}

TEST_F(PathResolverTest, FindsOutEarlyWhereNothingCanBeWritten) {
  EXPECT_EQ(WriteCode("data/train.pkl/below"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteCode("data/train.pkl/deep/below"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteCode(std::string(255, 'w')), absl::StatusCode::kOk);
  EXPECT_EQ(WriteCode(std::string(256, 'w')), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteCode("~/" + std::string(256, 'w')), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kur
