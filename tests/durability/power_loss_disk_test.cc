// The disk of these tests forgets what POSIX lets it forget, and keeps what it must keep.

#include "tests/testing/power_loss_disk.h"

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PowerLossDiskTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.File(name); }
  void Append(const std::string& name, const std::string& text, bool sync) {
    auto file = *disk_->files().OpenForAppend(Path(name), /*truncate=*/false, 0644);
    ASSERT_TRUE(file->Append(text).ok());
    const absl::Status synced = sync ? file->Sync() : absl::OkStatus();
    ASSERT_TRUE(synced.ok());
  }
  std::vector<std::string> Names() const { return *ListDirectory(folder_.path()); }
  void Restart() { disk_ = std::make_unique<PowerLossDisk>(folder_.path()); }

  TemporaryDirectory folder_;
  std::unique_ptr<PowerLossDisk> disk_ = std::make_unique<PowerLossDisk>(folder_.path());
};

TEST_F(PowerLossDiskTest, AFileNeedsItsNameAndItsContent) {
  Append("nothing", "x", /*sync=*/false);
  Append("content", "x", /*sync=*/true);
  disk_->LosePower();
  EXPECT_THAT(Names(), IsEmpty());
  Append("name", "x", /*sync=*/false);
  Append("both", "x", /*sync=*/true);
  ASSERT_TRUE(disk_->files().SyncDirectory(folder_.path()).ok());
  Append("both", "y", /*sync=*/false);
  disk_->LosePower();
  EXPECT_THAT(Names(), ElementsAre("both", "name"));
  EXPECT_EQ(folder_.Read("name"), "");
  EXPECT_EQ(folder_.Read("both"), "x");
}

TEST_F(PowerLossDiskTest, RenamesAndRemovalsNeedTheirDirectory) {
  folder_.Write("a", "a");
  folder_.Write("b", "b");
  folder_.Write("other/c", "c");
  Restart();
  FileSystem& files = disk_->files();
  ASSERT_TRUE(files.Remove(Path("a")).ok());
  ASSERT_TRUE(files.Rename(Path("b"), Path("other/b")).ok());
  ASSERT_TRUE(files.SyncDirectory(Path("other")).ok());
  disk_->LosePower();
  EXPECT_EQ(folder_.Read("a"), "a");
  // Its old name was not forgotten durably.
  EXPECT_EQ(folder_.Read("b"), "b");
  EXPECT_EQ(folder_.Read("other/b"), "b");
}

TEST_F(PowerLossDiskTest, WhatGoesRoundItIsLost) {
  folder_.Write("behind", "x");
  ASSERT_TRUE(disk_->files().SyncDirectory(folder_.path()).ok());
  disk_->LosePower();
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(PowerLossDiskTest, ASkippedSynchronizationDoesNothing) {
  disk_->SkipSync(1);
  Append("a", "x", /*sync=*/true);
  ASSERT_TRUE(disk_->files().SyncDirectory(folder_.path()).ok());
  disk_->LosePower();
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_THAT(disk_->syncs(), ElementsAre("file a", "directory ."));
}

TEST_F(PowerLossDiskTest, AnyPartOfTheRestMayBeThere) {
  bool kept = false;
  bool lost = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Append("a", std::string(2000, 'x'), /*sync=*/false);
    std::mt19937_64 random(seed);
    disk_->LosePower(&random);
    (Exists(Path("a")) ? kept : lost) = true;
    std::filesystem::remove(Path("a"));
    Restart();
  }
  EXPECT_TRUE(kept && lost);
}

}  // namespace
}  // namespace kur::testing
