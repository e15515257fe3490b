#include "server/daemon/state_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

TEST(StateDirectoryTest, IsCreatedAndClosedToOthers) {
  TemporaryDirectory parent;
  const auto state = StateDirectory::Lock(parent.File("state"));
  ASSERT_THAT(state, IsOk());
  struct stat info;
  ASSERT_EQ(stat(state->layout().root().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_TRUE(IsDirectory(state->layout().runs()));
}

TEST(StateDirectoryTest, ASecondHolderIsRefusedWithTheProcessOfTheFirst) {
  TemporaryDirectory parent;
  {
    const auto first = StateDirectory::Lock(parent.path());
    ASSERT_THAT(first, IsOk());
    EXPECT_THAT(
        StateDirectory::Lock(parent.path()),
        FailsWith(absl::StatusCode::kFailedPrecondition, absl::StrCat("(process ", getpid(), ")")));
  }
  EXPECT_THAT(StateDirectory::Lock(parent.path()), IsOk());
}

TEST(StateDirectoryTest, WhatAnEarlierVersionLeftInItsTemporaryFolderIsRemoved) {
  TemporaryDirectory parent;
  FileSystem& files = FileSystem::Posix();
  ASSERT_THAT(files.MakeDirectories(parent.File("tmp/submit-1"), 0700), IsOk());
  ASSERT_THAT(WriteFileAtomically(files, parent.File("tmp/submit-1/a.yml"), "x"), IsOk());
  ASSERT_THAT(StateDirectory::Lock(parent.path()), IsOk());
  EXPECT_FALSE(Exists(parent.File("tmp")));
}

}  // namespace
}  // namespace kur::server
