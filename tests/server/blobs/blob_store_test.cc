#include "server/blobs/blob_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/server/testing/failing_file_system.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

constexpr char kAnn[] = "ann";

class BlobStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = BlobStore::Open(files_, directory_.File("blobs"), /*max_bytes=*/1000);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  absl::StatusOr<std::unique_ptr<BlobUpload>> Begin(int64_t offset = 0) {
    return store_->BeginUpload(kAnn, digest_, static_cast<int64_t>(content_.size()), offset);
  }

  // Leaves the first bytes of the content behind.
  void Interrupt(size_t bytes) {
    auto upload = Begin();
    ASSERT_THAT(upload, IsOk());
    ASSERT_THAT((*upload)->Write(content_.substr(0, bytes)), IsOk());
  }

  TemporaryDirectory directory_;
  FailingFileSystem files_;
  std::unique_ptr<BlobStore> store_;
  const std::string content_ = "forty-two bytes of a data set, more or less";
  const std::string digest_ = Sha256Hex(content_);
};

TEST_F(BlobStoreTest, KeepsAContentUnderItsDigest) {
  EXPECT_FALSE(store_->Has(kAnn, digest_));
  auto upload = Begin();
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Write(content_.substr(0, 10)), IsOk());
  ASSERT_THAT((*upload)->Write(content_.substr(10)), IsOk());
  ASSERT_THAT((*upload)->Finish(), IsOk());
  EXPECT_TRUE(store_->Has(kAnn, digest_));
  EXPECT_EQ(*files_.Read(store_->PathOf(kAnn, digest_), 1 << 20), content_);
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 0);
}

TEST_F(BlobStoreTest, KeepsAnEmptyContent) {
  const std::string digest = Sha256Hex("");
  auto upload = store_->BeginUpload(kAnn, digest, 0, 0);
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Finish(), IsOk());
  EXPECT_TRUE(store_->Has(kAnn, digest));
}

TEST_F(BlobStoreTest, ContinuesAnInterruptedUpload) {
  Interrupt(10);
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 10);
  auto upload = Begin(10);
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Write(content_.substr(10)), IsOk());
  EXPECT_THAT((*upload)->Finish(), IsOk());
  EXPECT_TRUE(store_->Has(kAnn, digest_));
}

TEST_F(BlobStoreTest, ContinuesBeforeTheEndOfWhatIsThere) {
  Interrupt(20);
  auto upload = Begin(5);
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Write(content_.substr(5)), IsOk());
  EXPECT_THAT((*upload)->Finish(), IsOk());
}

TEST_F(BlobStoreTest, DoesNotContinueBeyondWhatIsThere) {
  Interrupt(10);
  EXPECT_THAT(Begin(11), FailsWith(absl::StatusCode::kInvalidArgument, "only 10 bytes"));
}

TEST_F(BlobStoreTest, ADamagedPartIsFoundOutAndRemoved) {
  Interrupt(10);
  ASSERT_THAT(
      WriteFileAtomically(files_, directory_.File("blobs/ann/partial/" + digest_), "0123456789"),
      IsOk());
  auto upload = Begin(10);
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Write(content_.substr(10)), IsOk());
  EXPECT_THAT((*upload)->Finish(), FailsWith(absl::StatusCode::kInvalidArgument, "digest"));
  EXPECT_FALSE(store_->Has(kAnn, digest_));
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 0);
}

TEST_F(BlobStoreTest, AnUploadThatStopsShortKeepsItsPart) {
  auto upload = Begin();
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Write(content_.substr(0, 7)), IsOk());
  EXPECT_THAT((*upload)->Finish(), FailsWith(absl::StatusCode::kAborted, "at 7 of"));
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 7);
}

TEST_F(BlobStoreTest, RefusesMoreBytesThanAnnounced) {
  auto upload = Begin();
  ASSERT_THAT(upload, IsOk());
  EXPECT_THAT((*upload)->Write(content_ + "!"),
              FailsWith(absl::StatusCode::kInvalidArgument, "more than"));
}

TEST_F(BlobStoreTest, OneUploadOfAContentAtATime) {
  auto first = Begin();
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Begin(), FailsWith(absl::StatusCode::kAborted, "another call"));
  first->reset();
  EXPECT_THAT(Begin(), IsOk());
}

TEST_F(BlobStoreTest, UsersShareNothing) {
  Interrupt(10);
  EXPECT_EQ(store_->ReceivedBytes("bob", digest_), 0);
  auto anns = Begin(10);
  ASSERT_THAT(anns, IsOk());
  // At the same time as hers.
  const auto size = static_cast<int64_t>(content_.size());
  auto bobs = store_->BeginUpload("bob", digest_, size, 0);
  ASSERT_THAT(bobs, IsOk());
  ASSERT_THAT((*anns)->Write(content_.substr(10)), IsOk());
  ASSERT_THAT((*anns)->Finish(), IsOk());
  EXPECT_FALSE(store_->Has("bob", digest_));
  ASSERT_THAT((*bobs)->Write(content_), IsOk());
  EXPECT_THAT((*bobs)->Finish(), IsOk());
  EXPECT_NE(store_->PathOf("bob", digest_), store_->PathOf(kAnn, digest_));
}

TEST_F(BlobStoreTest, SaysThatAContentIsThere) {
  auto upload = Begin();
  ASSERT_THAT((*upload)->Write(content_), IsOk());
  ASSERT_THAT((*upload)->Finish(), IsOk());
  upload->reset();
  EXPECT_THAT(Begin(), FailsWith(absl::StatusCode::kAlreadyExists, digest_));
}

TEST_F(BlobStoreTest, RefusesBadDigestsSizesAndOffsets) {
  EXPECT_THAT(store_->BeginUpload(kAnn, "../../etc/passwd", 1, 0),
              FailsWith(absl::StatusCode::kInvalidArgument, "64"));
  EXPECT_THAT(store_->BeginUpload(kAnn, digest_, -1, 0),
              FailsWith(absl::StatusCode::kInvalidArgument, "-1"));
  EXPECT_THAT(store_->BeginUpload(kAnn, digest_, 5, 6),
              FailsWith(absl::StatusCode::kInvalidArgument, "at 6"));
  EXPECT_THAT(store_->BeginUpload(kAnn, digest_, 1001, 0),
              FailsWith(absl::StatusCode::kResourceExhausted, "limit"));
}

TEST_F(BlobStoreTest, AFullDiskIsSaidAndWhatWasUploadedIsGivenUp) {
  Interrupt(10);
  {
    auto upload = Begin(10);
    ASSERT_THAT(upload, IsOk());
    files_.full = true;
    EXPECT_THAT((*upload)->Write(content_.substr(10)),
                FailsWith(absl::StatusCode::kResourceExhausted, "space"));
    files_.full = false;
  }
  // Others need the space.
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 0);
  auto upload = Begin(0);
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Write(content_), IsOk());
  EXPECT_THAT((*upload)->Finish(), IsOk());
}

TEST_F(BlobStoreTest, AFailedSyncThrowsThePartAway) {
  auto upload = Begin();
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Write(content_), IsOk());
  files_.fail_syncs = true;
  EXPECT_THAT((*upload)->Finish(), FailsWith(absl::StatusCode::kDataLoss, ""));
  EXPECT_FALSE(store_->Has(kAnn, digest_));
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 0);
}

}  // namespace
}  // namespace kur::server
