#include "server/api/blobs_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/server/testing/test_api.h"

namespace kur::server {
namespace {

using grpc::StatusCode;

class BlobsServiceTest : public ::testing::Test {
 protected:
  // Sends the content from `offset` on in pieces, up to `end`.
  grpc::Status Upload(const std::string& digest, const std::string& content, size_t offset,
                      size_t end) {
    grpc::ClientContext context;
    v1::UploadBlobResponse response;
    const auto writer = stub_->UploadBlob(&context, &response);
    v1::UploadBlobRequest request;
    request.set_sha256(digest);
    request.set_size(static_cast<int64_t>(content.size()));
    request.set_offset(static_cast<int64_t>(offset));
    constexpr size_t kPiece = 7;
    do {
      request.set_data(content.substr(offset, std::min(kPiece, end - offset)));
      offset += request.data().size();
      if (!writer->Write(request)) break;
      request.Clear();
    } while (offset < end);
    writer->WritesDone();
    return writer->Finish();
  }

  int64_t Received(const std::string& digest) {
    grpc::ClientContext context;
    v1::FindMissingBlobsRequest request;
    v1::FindMissingBlobsResponse response;
    request.add_sha256(digest);
    EXPECT_TRUE(stub_->FindMissingBlobs(&context, request, &response).ok());
    return response.missing_size() == 1 ? response.missing(0).received() : -1;
  }

  TestApi api_;
  std::unique_ptr<v1::Blobs::Stub> stub_ = v1::Blobs::NewStub(api_.TcpChannel());
  const std::string content_ = "a content of a few dozen bytes, sent in pieces";
  const std::string digest_ = Sha256Hex(content_);
};

TEST_F(BlobsServiceTest, UploadsAndIsNotMissingAnyMore) {
  EXPECT_EQ(Received(digest_), 0);
  EXPECT_TRUE(Upload(digest_, content_, 0, content_.size()).ok());
  EXPECT_EQ(Received(digest_), -1);
}

TEST_F(BlobsServiceTest, AnEmptyContentIsAContent) {
  EXPECT_TRUE(Upload(Sha256Hex(""), "", 0, 0).ok());
  EXPECT_EQ(Received(Sha256Hex("")), -1);
}

TEST_F(BlobsServiceTest, UploadingWhatIsThereIsFine) {
  ASSERT_TRUE(Upload(digest_, content_, 0, content_.size()).ok());
  EXPECT_TRUE(Upload(digest_, content_, 0, content_.size()).ok());
}

TEST_F(BlobsServiceTest, ContinuesWhereAnInterruptedUploadStopped) {
  EXPECT_EQ(Upload(digest_, content_, 0, 20).error_code(), StatusCode::ABORTED);
  const int64_t received = Received(digest_);
  ASSERT_EQ(received, 20);
  EXPECT_TRUE(Upload(digest_, content_, static_cast<size_t>(received), content_.size()).ok());
  EXPECT_EQ(Received(digest_), -1);
}

TEST_F(BlobsServiceTest, BytesWithoutTheDigestAreRefused) {
  const std::string digest = Sha256Hex("something else");
  EXPECT_EQ(Upload(digest, content_, 0, content_.size()).error_code(),
            StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Received(digest), 0);
}

TEST_F(BlobsServiceTest, AFullDiskIsSaid) {
  api_.server.files.full = true;
  EXPECT_EQ(Upload(digest_, content_, 0, content_.size()).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(BlobsServiceTest, AFileThatKurdMayNotWriteIsNoMatterOfTheCallersRights) {
  api_.server.files.untouchable = digest_;
  EXPECT_EQ(Upload(digest_, content_, 0, content_.size()).error_code(), StatusCode::INTERNAL);
}

TEST_F(BlobsServiceTest, AnUploadWithoutAMessageIsRefused) {
  grpc::ClientContext context;
  v1::UploadBlobResponse response;
  const auto writer = stub_->UploadBlob(&context, &response);
  writer->WritesDone();
  EXPECT_EQ(writer->Finish().error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(BlobsServiceTest, AMessageThatIsTooLargeIsRefused) {
  grpc::ClientContext context;
  v1::UploadBlobResponse response;
  const auto writer = stub_->UploadBlob(&context, &response);
  v1::UploadBlobRequest request;
  request.set_sha256(digest_);
  request.set_size(1 << 20);
  request.set_data(std::string((256 << 10) + 1, 'x'));
  writer->Write(request);
  const grpc::Status status = writer->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), ::testing::HasSubstr("in more pieces"));
  EXPECT_EQ(Received(digest_), 0);
}

// At seven bytes a second, of which those of the first second come at once.
TEST_F(BlobsServiceTest, AnUploadIsNoFasterThanItsUserMayBe) {
  api_.Stop();
  api_.upload_rate = 7;
  api_.Start();
  stub_ = v1::Blobs::NewStub(api_.TcpChannel());
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(Upload(digest_, content_, 0, 21).error_code() == StatusCode::ABORTED);
  EXPECT_GE(absl::Now() - begin, absl::Seconds(1.9));
  EXPECT_EQ(Received(digest_), 21);
}

TEST_F(BlobsServiceTest, AnUploadThatIsGivenUpOrStoppedWaitsNoLonger) {
  api_.Stop();
  api_.upload_rate = 1;
  api_.Start();
  stub_ = v1::Blobs::NewStub(api_.TcpChannel());
  const std::string content(200'000, 'x');
  grpc::ClientContext context;
  v1::UploadBlobResponse response;
  const auto writer = stub_->UploadBlob(&context, &response);
  v1::UploadBlobRequest request;
  request.set_sha256(Sha256Hex(content));
  request.set_size(200'000);
  request.set_data(content.substr(1));
  ASSERT_TRUE(writer->Write(request));
  while (Received(request.sha256()) < 199'999) absl::SleepFor(absl::Milliseconds(1));
  context.TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), StatusCode::CANCELLED);
  // Two days later, if the pause were not over.
  api_.Stop();
}

TEST_F(BlobsServiceTest, RefusesWhatIsNoDigest) {
  grpc::ClientContext context;
  v1::FindMissingBlobsRequest request;
  v1::FindMissingBlobsResponse response;
  request.add_sha256("../../kurd.db");
  EXPECT_EQ(stub_->FindMissingBlobs(&context, request, &response).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace kur::server
