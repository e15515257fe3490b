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
    limits_.content_bytes = 1000;
    Reopen();
  }

  void Reopen() {
    auto store =
        BlobStore::Open(files_, directory_.File("blobs"), limits_, [this] { return now_; });
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  // Uploads a content of that many bytes, all alike.
  absl::Status Upload(const std::string& owner, size_t bytes, char byte = 'x') {
    const std::string content(bytes, byte);
    auto upload = store_->BeginUpload(owner, Sha256Hex(content), static_cast<int64_t>(bytes), 0);
    if (!upload.ok()) return upload.status();
    const absl::Status written = (*upload)->Write(content);
    return written.ok() ? (*upload)->Finish() : written;
  }
  static std::string DigestOf(size_t bytes, char byte = 'x') {
    return Sha256Hex(std::string(bytes, byte));
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
  UploadLimits limits_;
  absl::Time now_ = absl::Now();
  std::unique_ptr<BlobStore> store_;
  const std::string content_ = "forty-two bytes of a data set, more or less";
  const std::string digest_ = Sha256Hex(content_);
};

TEST_F(BlobStoreTest, KeepsAContentUnderItsDigest) {
  EXPECT_FALSE(store_->Use(kAnn, digest_));
  auto upload = Begin();
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Write(content_.substr(0, 10)), IsOk());
  ASSERT_THAT((*upload)->Write(content_.substr(10)), IsOk());
  ASSERT_THAT((*upload)->Finish(), IsOk());
  EXPECT_TRUE(store_->Use(kAnn, digest_));
  EXPECT_EQ(*files_.Read(store_->PathOf(kAnn, digest_), 1 << 20), content_);
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 0);
}

TEST_F(BlobStoreTest, KeepsAnEmptyContent) {
  const std::string digest = Sha256Hex("");
  auto upload = store_->BeginUpload(kAnn, digest, 0, 0);
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Finish(), IsOk());
  EXPECT_TRUE(store_->Use(kAnn, digest));
}

TEST_F(BlobStoreTest, ContinuesAnInterruptedUpload) {
  Interrupt(10);
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 10);
  auto upload = Begin(10);
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Write(content_.substr(10)), IsOk());
  EXPECT_THAT((*upload)->Finish(), IsOk());
  EXPECT_TRUE(store_->Use(kAnn, digest_));
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
  EXPECT_FALSE(store_->Use(kAnn, digest_));
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
  EXPECT_FALSE(store_->Use("bob", digest_));
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
  EXPECT_FALSE(store_->Use(kAnn, digest_));
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 0);
}

TEST_F(BlobStoreTest, AUserHasOnlySoMuchThatNoJobNames) {
  limits_.waiting_bytes = 500;
  Reopen();
  ASSERT_THAT(Upload(kAnn, 300), IsOk());
  const absl::Status refused = Upload(kAnn, 201);
  EXPECT_THAT(refused, FailsWith(absl::StatusCode::kResourceExhausted,
                                 "user 'ann' has 300 bytes of uploads that no job names, and may "
                                 "have 500: these 201 bytes are too many"));
  EXPECT_THAT(Upload("bob", 500), IsOk());
  EXPECT_THAT(Upload(kAnn, 200), IsOk());
  // Also after a restart.
  Reopen();
  EXPECT_EQ(Upload(kAnn, 1).code(), absl::StatusCode::kResourceExhausted);
  store_->MarkNamed(kAnn, DigestOf(300));
  EXPECT_THAT(Upload(kAnn, 201), IsOk());
}

TEST_F(BlobStoreTest, UploadsUnderWayCountAsAnnouncedAndInterruptedOnesAsTheyAre) {
  limits_.waiting_bytes = 100;
  Reopen();
  auto upload = store_->BeginUpload(kAnn, DigestOf(100), 100, 0);
  ASSERT_THAT(upload, IsOk());
  ASSERT_THAT((*upload)->Write("xxxxx"), IsOk());
  EXPECT_EQ(Upload(kAnn, 1).code(), absl::StatusCode::kResourceExhausted);
  upload->reset();
  for (const bool again : {false, true}) {
    if (again) Reopen();
    EXPECT_EQ(Upload(kAnn, 96).code(), absl::StatusCode::kResourceExhausted);
    // Its own part is no hindrance.
    EXPECT_THAT(store_->BeginUpload(kAnn, DigestOf(100), 100, 5), IsOk());
  }
  EXPECT_THAT(Upload(kAnn, 95), IsOk());
}

TEST_F(BlobStoreTest, AUserHasOnlySoManyUploadsAtATime) {
  limits_.uploads = 1;
  Reopen();
  auto upload = Begin();
  ASSERT_THAT(upload, IsOk());
  EXPECT_THAT(Upload(kAnn, 1), FailsWith(absl::StatusCode::kResourceExhausted,
                                         "has 1 uploads under way, and may have 1"));
  EXPECT_THAT(Upload("bob", 1), IsOk());
  upload->reset();
  EXPECT_THAT(Upload(kAnn, 1), IsOk());
}

TEST_F(BlobStoreTest, WhatNoJobNamesExpiresUnlessItIsUsed) {
  ASSERT_THAT(Upload(kAnn, 1), IsOk());
  ASSERT_THAT(Upload(kAnn, 2), IsOk());
  ASSERT_THAT(Upload(kAnn, 3), IsOk());
  store_->MarkNamed(kAnn, DigestOf(3));
  now_ += limits_.waiting_age - absl::Seconds(1);
  EXPECT_TRUE(store_->Expired().empty());
  EXPECT_TRUE(store_->Use(kAnn, DigestOf(2)));
  now_ += absl::Seconds(2);
  auto expired = store_->Expired();
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired.front().digest, DigestOf(1));
  // What is used after it was found to be too old.
  ASSERT_TRUE(store_->Use(kAnn, DigestOf(1)));
  ASSERT_THAT(store_->RemoveExpired(expired.front()), IsOk());
  EXPECT_TRUE(store_->Use(kAnn, DigestOf(1)));
  now_ += limits_.waiting_age + absl::Seconds(1);
  expired = store_->Expired();
  EXPECT_EQ(expired.size(), 2u);
  for (const BlobName& name : expired) EXPECT_THAT(store_->RemoveExpired(name), IsOk());
  EXPECT_FALSE(store_->Use(kAnn, DigestOf(1)));
  EXPECT_FALSE(store_->Use(kAnn, DigestOf(2)));
  EXPECT_TRUE(store_->Use(kAnn, DigestOf(3)));
}

TEST_F(BlobStoreTest, AnInterruptedRemovalIsCompletedByTheNextStart) {
  ASSERT_THAT(Upload(kAnn, 1), IsOk());
  const std::string path = store_->PathOf(kAnn, DigestOf(1));
  ASSERT_THAT(files_.Rename(path, path + ".removed"), IsOk());
  Reopen();
  EXPECT_FALSE(files_.Exists(path + ".removed"));
  EXPECT_FALSE(store_->Use(kAnn, DigestOf(1)));
}

TEST_F(BlobStoreTest, AFileThatCannotBeRemovedDoesNotKeepTheStoreFromOpening) {
  ASSERT_THAT(Upload(kAnn, 1), IsOk());
  const std::string path = store_->PathOf(kAnn, DigestOf(2));
  ASSERT_THAT(files_.MakeDirectories(path + ".removed", 0700), IsOk());
  Reopen();
  EXPECT_TRUE(store_->Use(kAnn, DigestOf(1)));
}

TEST_F(BlobStoreTest, OnePartThatCannotBeRemovedKeepsNoOther) {
  for (const char byte : {'a', 'b', 'c'}) {
    auto upload = store_->BeginUpload(kAnn, DigestOf(9, byte), 9, 0);
    ASSERT_THAT(upload, IsOk());
    ASSERT_THAT((*upload)->Write("x"), IsOk());
  }
  now_ += limits_.part_age + absl::Seconds(1);
  files_.untouchable = DigestOf(9, 'b');
  EXPECT_THAT(store_->RemoveExpiredParts(), FailsWith(absl::StatusCode::kPermissionDenied, "busy"));
  EXPECT_EQ(store_->ReceivedBytes(kAnn, DigestOf(9, 'a')), 0);
  EXPECT_EQ(store_->ReceivedBytes(kAnn, DigestOf(9, 'b')), 1);
  EXPECT_EQ(store_->ReceivedBytes(kAnn, DigestOf(9, 'c')), 0);
  files_.untouchable = "";
  EXPECT_THAT(store_->RemoveExpiredParts(), IsOk()) << "tried again";
  EXPECT_EQ(store_->ReceivedBytes(kAnn, DigestOf(9, 'b')), 0);
}

TEST_F(BlobStoreTest, AFileThatIsGoneExpiresOnce) {
  Interrupt(10);
  ASSERT_THAT(Upload(kAnn, 1), IsOk());
  now_ += limits_.waiting_age + absl::Seconds(1);
  const std::string folder = directory_.File("blobs") + "/ann";
  ASSERT_THAT(files_.Remove(folder + "/partial/" + digest_), IsOk());
  ASSERT_THAT(files_.Remove(store_->PathOf(kAnn, DigestOf(1))), IsOk());
  EXPECT_FALSE(store_->RemoveExpiredParts().ok());
  EXPECT_THAT(store_->RemoveExpiredParts(), IsOk());
  ASSERT_EQ(store_->Expired().size(), 1u);
  EXPECT_FALSE(store_->RemoveExpired(store_->Expired().front()).ok());
  EXPECT_TRUE(store_->Expired().empty());
}

TEST_F(BlobStoreTest, AnInterruptedUploadExpiresAfterItsLastByte) {
  Interrupt(10);
  now_ += limits_.part_age - absl::Seconds(1);
  ASSERT_THAT(store_->RemoveExpiredParts(), IsOk());
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 10);
  {
    const auto upload = Begin(10);
    now_ += absl::Seconds(2);
    ASSERT_THAT(store_->RemoveExpiredParts(), IsOk());
  }
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 10);
  now_ += limits_.part_age + absl::Seconds(1);
  ASSERT_THAT(store_->RemoveExpiredParts(), IsOk());
  EXPECT_EQ(store_->ReceivedBytes(kAnn, digest_), 0);
}

}  // namespace
}  // namespace kur::server
