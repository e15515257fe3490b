#include "client/transfer/part_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "engine/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/durability/promise.h"
#include "tests/testing/failing_file_system.h"
#include "tests/testing/temporary_directory.h"

namespace kur::client {
namespace {

using kur::testing::FailingFileSystem;
using kur::testing::PowerLossDisk;
using ::testing::HasSubstr;

class PartFileTest : public ::testing::Test {
 protected:
  std::string PartName(const std::string& content) {
    return "last.kur." + Sha256Hex(content).substr(0, 16) + ".part";
  }

  TemporaryDirectory folder_;
  const std::string target_ = folder_.File("last.kur");
  const std::string content_ = "the last weights";
  const std::string digest_ = Sha256Hex(content_);
};

TEST_F(PartFileTest, ContinuesWhereAnEarlierOneStopped) {
  {
    auto part = PartFile::Open(target_, digest_);
    ASSERT_TRUE(part.ok()) << part.status();
    ASSERT_TRUE(part->Append(content_.substr(0, 5)).ok());
  }
  auto part = PartFile::Open(target_, digest_);
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_EQ(part->size(), 5);
  ASSERT_TRUE(part->Append(content_.substr(5)).ok());
  EXPECT_EQ(part->size(), static_cast<int64_t>(content_.size()));
  ASSERT_TRUE(part->Finish().ok());
  EXPECT_EQ(folder_.Read("last.kur"), content_);
  EXPECT_EQ(folder_.Read(PartName(content_)), "(missing)");
}

TEST_F(PartFileTest, FinishRemovesThePartsOfOlderContentsAndNothingElse) {
  folder_.Write(PartName("older weights"), "old");
  folder_.Write("last.kur.part", "named by someone else");
  auto part = PartFile::Open(target_, digest_);
  ASSERT_TRUE(part.ok()) << part.status();
  ASSERT_TRUE(part->Append(content_).ok());
  ASSERT_TRUE(part->Finish().ok());
  EXPECT_EQ(folder_.Read(PartName("older weights")), "(missing)");
  EXPECT_EQ(folder_.Read("last.kur.part"), "named by someone else");
}

TEST_F(PartFileTest, OtherBytesThanTheDigestsAreDropped) {
  folder_.Write("last.kur", "weights before");
  auto part = PartFile::Open(target_, digest_);
  ASSERT_TRUE(part.ok()) << part.status();
  ASSERT_TRUE(part->Append("something else").ok());
  const absl::Status finished = part->Finish();
  EXPECT_TRUE(absl::IsDataLoss(finished)) << finished;
  EXPECT_EQ(part->size(), 0);
  EXPECT_EQ(folder_.Read(PartName(content_)), "");
  EXPECT_EQ(folder_.Read("last.kur"), "weights before");
}

TEST_F(PartFileTest, ASecondHolderIsRefused) {
  auto first = PartFile::Open(target_, digest_);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = PartFile::Open(target_, digest_);
  EXPECT_TRUE(absl::IsAborted(second.status())) << second.status();
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another kurctl"));
}

TEST_F(PartFileTest, APartThatIsALinkIsRefused) {
  folder_.Write("elsewhere", "precious");
  std::filesystem::create_symlink(folder_.File("elsewhere"), folder_.File(PartName(content_)));
  EXPECT_FALSE(PartFile::Open(target_, digest_).ok());
  EXPECT_EQ(folder_.Read("elsewhere"), "precious");
}

TEST_F(PartFileTest, EveryFailureToWriteIsReported) {
  const auto download = [&](FailingFileSystem& files) -> absl::Status {
    const TemporaryDirectory folder;
    auto part = PartFile::Open(folder.File("last.kur"), digest_, files);
    if (!part.ok()) return part.status();
    if (const absl::Status appended = part->Append(content_); !appended.ok()) return appended;
    return part->Finish();
  };
  FailingFileSystem never(-1);
  ASSERT_TRUE(download(never).ok());
  for (int call = 0; call < never.calls(); ++call) {
    FailingFileSystem files(call);
    EXPECT_TRUE(absl::IsResourceExhausted(download(files))) << "call " << call;
  }
}

TEST_F(PartFileTest, NobodyContinuesFromAPartThatCouldNotBeMadeDurable) {
  // Opening and appending come before.
  FailingFileSystem files(2);
  auto part = PartFile::Open(target_, digest_, files);
  ASSERT_TRUE(part.ok()) << part.status();
  ASSERT_TRUE(part->Append(content_).ok());
  EXPECT_FALSE(part->Finish().ok());
  EXPECT_EQ(folder_.Read(PartName(content_)), "(missing)");
}

TEST_F(PartFileTest, AFinishedFileSurvivesALossOfPower) {
  kur::testing::Promise promise;
  promise.act = [this](PowerLossDisk& disk, const std::string& folder) {
    auto part = PartFile::Open(folder + "/last.kur", digest_, disk.files());
    ASSERT_TRUE(part.ok()) << part.status();
    ASSERT_TRUE(part->Append(content_).ok());
    ASSERT_TRUE(part->Finish().ok());
  };
  promise.missing = [this](PowerLossDisk& disk, const std::string& folder) -> std::string {
    const auto content = disk.files().Read(folder + "/last.kur", 1 << 20);
    if (!content.ok()) return std::string(content.status().message());
    return *content == content_ ? "" : "the file has other bytes";
  };
  kur::testing::CheckPromise(promise);
}

}  // namespace
}  // namespace kur::client
