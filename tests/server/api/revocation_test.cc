// A token that is revoked ends what was begun with it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "kur/v1/kur.grpc.pb.h"
#include "tests/server/testing/test_api.h"

namespace kur::server {
namespace {

using grpc::StatusCode;

constexpr char kAnnsToken[] = "anns-token-0123456789";
constexpr char kBobsToken[] = "bobs-token-0123456789";

class RevocationTest : public ::testing::Test {
 protected:
  static std::unique_ptr<grpc::ClientContext> As(const std::string& token) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata("authorization", "Bearer " + token);
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    return context;
  }

  void ReplaceTokens(const std::string& text) {
    api_.authenticator.ReplaceTokens(*TokenFile::Parse(text, "tokens"));
  }
  void RevokeAnns() { ReplaceTokens("bob:bobs-token-0123456789"); }

  std::unique_ptr<grpc::ClientReader<v1::Event>> Follow(grpc::ClientContext* context,
                                                        const std::string& job) {
    v1::WatchEventsRequest request;
    request.set_name(job);
    request.set_follow(true);
    return jobs_->WatchEvents(context, request);
  }

  // Reads the events that a job has as soon as it is started.
  static void ReadWhatIsThere(grpc::ClientReader<v1::Event>& events) {
    v1::Event event;
    do ASSERT_TRUE(events.Read(&event));
    while (event.state_changed().state() != v1::JOB_STATE_STARTING);
  }

  TestApi api_{*TokenFile::Parse("ann:anns-token-0123456789\nbob:bobs-token-0123456789", "t"),
               /*slots=*/2};
  std::unique_ptr<v1::Jobs::Stub> jobs_ = v1::Jobs::NewStub(api_.TcpChannel());
  std::unique_ptr<v1::Blobs::Stub> blobs_ = v1::Blobs::NewStub(api_.TcpChannel());
};

TEST_F(RevocationTest, AnIdleWatchEndsAndThatOfAnotherGoesOn) {
  const auto anns_context = As(kAnnsToken);
  const auto anns = Follow(anns_context.get(), api_.server.Submit("r1", "ann"));
  const std::string bobs_job = api_.server.Submit("r2", "bob");
  const auto bobs_context = As(kBobsToken);
  const auto bobs = Follow(bobs_context.get(), bobs_job);
  ReadWhatIsThere(*anns);
  ReadWhatIsThere(*bobs);
  RevokeAnns();
  v1::Event event;
  EXPECT_FALSE(anns->Read(&event));
  EXPECT_EQ(anns->Finish().error_code(), StatusCode::UNAUTHENTICATED);
  api_.server.EndWorker(bobs_job, v1::JOB_STATE_SUCCEEDED);
  EXPECT_TRUE(bobs->Read(&event));
  while (bobs->Read(&event)) {
  }
  EXPECT_TRUE(bobs->Finish().ok());
}

TEST_F(RevocationTest, ATokenThatIsGivenToAnotherEndsAWatchOfTheFirst) {
  const auto context = As(kAnnsToken);
  const auto events = Follow(context.get(), api_.server.Submit("r1", "ann"));
  ReadWhatIsThere(*events);
  ReplaceTokens("bob:anns-token-0123456789");
  v1::Event event;
  EXPECT_FALSE(events->Read(&event));
  EXPECT_EQ(events->Finish().error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(RevocationTest, AnIdleUploadEndsAndKeepsItsPart) {
  const std::string content = "a content that is never sent completely";
  const auto context = As(kAnnsToken);
  v1::UploadBlobResponse response;
  const auto writer = blobs_->UploadBlob(context.get(), &response);
  v1::UploadBlobRequest request;
  request.set_sha256(Sha256Hex(content));
  request.set_size(static_cast<int64_t>(content.size()));
  request.set_data(content.substr(0, 9));
  ASSERT_TRUE(writer->Write(request));
  while (api_.server.blobs->ReceivedBytes("ann", request.sha256()) < 9) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  RevokeAnns();
  EXPECT_EQ(writer->Finish().error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(api_.server.blobs->ReceivedBytes("ann", request.sha256()), 9);
}

TEST_F(RevocationTest, ADownloadEndsBeforeItIsComplete) {
  const std::string job = api_.server.Submit("r1", "ann");
  FakeWorker worker(api_.server, job);
  ASSERT_THAT(worker.Connect(), IsOk());
  // More than fits into all buffers on the way.
  const std::string content(size_t{64} << 20, 'w');
  ASSERT_THAT(WriteFileAtomically(api_.server.files, api_.server.layout.Artifacts(job) + "/last.w",
                                  content),
              IsOk());
  v1::Event event;
  event.mutable_artifact_written()->set_path("last.w");
  event.mutable_artifact_written()->set_size(static_cast<int64_t>(content.size()));
  event.mutable_artifact_written()->set_sha256(Sha256Hex(content));
  ASSERT_THAT(worker.Report({FakeWorker::Started(), event}), IsOk());

  const auto context = As(kAnnsToken);
  v1::DownloadArtifactRequest request;
  request.set_name(job);
  request.set_path("last.w");
  const auto reader = jobs_->DownloadArtifact(context.get(), request);
  v1::DownloadArtifactResponse response;
  ASSERT_TRUE(reader->Read(&response));
  RevokeAnns();
  size_t received = response.data().size();
  while (reader->Read(&response)) received += response.data().size();
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_LT(received, content.size());
}

}  // namespace
}  // namespace kur::server
