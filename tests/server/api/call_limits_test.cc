// What one user's calls may take: others are answered all the same.

#include "server/api/call_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "kur/v1/kur.grpc.pb.h"
#include "tests/server/testing/test_api.h"

namespace kur::server {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;

TEST(StreamLimitsTest, LeaveDescriptorsForConnectionsAndFiles) {
  for (const size_t descriptors : {256, 1024, 4096, 65536, 1 << 20}) {
    const UserQuota::Limits streams = StreamLimits(descriptors);
    const ConnectionLimits clients = ClientLimits(descriptors);
    const ConnectionLimits workers = WorkerLimits(descriptors);
    EXPECT_LT(
        static_cast<size_t>(streams.total + clients.max_descriptor) + clients.max_unauthenticated,
        static_cast<size_t>(workers.max_descriptor));
    EXPECT_GE(streams.total, 32);
  }
  EXPECT_EQ(StreamLimits(1 << 16).per_user, 512);
}

class CallLimitsTest : public ::testing::Test {
 protected:
  static std::unique_ptr<grpc::ClientContext> As(const std::string& user) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata("authorization", absl::StrCat("Bearer ", user, "s-token-0123456789"));
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
    return context;
  }

  // Has room for so many files of a user's streams.
  void LimitStreams(int64_t per_user) {
    api_.Stop();
    api_.streams = {/*total=*/100, per_user};
    api_.Start();
    jobs_ = v1::Jobs::NewStub(api_.TcpChannel());
    blobs_ = v1::Blobs::NewStub(api_.TcpChannel());
  }

  std::unique_ptr<grpc::ClientReader<v1::Event>> Watch(grpc::ClientContext* context,
                                                       bool follow = true) {
    v1::WatchEventsRequest request;
    request.set_name("cifar-1");
    request.set_follow(follow);
    return jobs_->WatchEvents(context, request);
  }

  // How each kind of stream ends at once, for one who asks for nothing that is there.
  std::vector<grpc::Status> TryEveryStream(const std::string& user) {
    std::vector<grpc::Status> ends;
    {
      const auto context = As(user);
      ends.push_back(Watch(context.get())->Finish());
    }
    {
      const auto context = As(user);
      v1::DownloadArtifactRequest request;
      request.set_name("none");
      ends.push_back(jobs_->DownloadArtifact(context.get(), request)->Finish());
    }
    const auto context = As(user);
    v1::UploadBlobResponse response;
    const auto writer = blobs_->UploadBlob(context.get(), &response);
    writer->WritesDone();
    ends.push_back(writer->Finish());
    return ends;
  }

  // A request of 15 MiB, which is not too large.
  static v1::SubmitJobRequest LargeRequest(const std::string& id) {
    v1::SubmitJobRequest request = TestServer::Request(id);
    for (int i = 0; i < 15; ++i) {
      v1::SourceFile& source = *request.add_sources();
      source.set_path(absl::StrCat("more", i, ".yml"));
      source.set_content(std::string(1 << 20, '#'));
    }
    request.mutable_sources(1)->mutable_content()->resize((1 << 20) - 8192);
    return request;
  }

  grpc::Status Submit(const std::string& user, const v1::SubmitJobRequest& request) {
    const auto context = As(user);
    v1::Job job;
    return jobs_->SubmitJob(context.get(), request, &job);
  }

  // Keeps all threads of the pool busy until `go_`.
  void BlockPool() {
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(api_.pool->TryAdd("nobody", [this] { go_.WaitForNotification(); }));
    }
  }

  // Before `api_`, whose threads wait for it.
  absl::Notification go_;

  TestApi api_{*TokenFile::Parse("ann:anns-token-0123456789\nbob:bobs-token-0123456789", "t")};
  std::unique_ptr<v1::Jobs::Stub> jobs_ = v1::Jobs::NewStub(api_.TcpChannel());
  std::unique_ptr<v1::Blobs::Stub> blobs_ = v1::Blobs::NewStub(api_.TcpChannel());
};

TEST_F(CallLimitsTest, WithoutRoomEveryKindOfStreamIsRefusedToThatUserAlone) {
  LimitStreams(20);
  const auto all = api_.limits->TakeStream({"ann"}, 20);
  ASSERT_THAT(all, IsOk());
  for (const grpc::Status& end : TryEveryStream("ann")) {
    EXPECT_EQ(end.error_code(), StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(end.error_message(), HasSubstr("end one, then try again"));
  }
  for (const grpc::Status& end : TryEveryStream("bob")) {
    EXPECT_NE(end.error_code(), StatusCode::RESOURCE_EXHAUSTED) << end.error_message();
  }
  v1::ListJobsResponse list;
  EXPECT_TRUE(jobs_->ListJobs(As("ann").get(), {}, &list).ok());
}

TEST_F(CallLimitsTest, AStreamCountsAsLongAsItIsOpen) {
  LimitStreams(kFilesOfWatch);
  api_.server.Submit("r1", "ann");
  const auto context = As("ann");
  const auto open = Watch(context.get());
  v1::Event event;
  ASSERT_TRUE(open->Read(&event));
  const auto refused = As("ann");
  EXPECT_EQ(Watch(refused.get())->Finish().error_code(), StatusCode::RESOURCE_EXHAUSTED);
  context->TryCancel();
  grpc::Status status;
  do {
    const auto again = As("ann");
    const auto reader = Watch(again.get(), /*follow=*/false);
    while (reader->Read(&event)) {
    }
    status = reader->Finish();
  } while (status.error_code() == StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(CallLimitsTest, AStreamThatAsksWithTooManyBytesIsRefused) {
  const auto context = As("ann");
  v1::WatchEventsRequest watch;
  watch.set_name(std::string(1 << 20, 'x'));
  EXPECT_EQ(jobs_->WatchEvents(context.get(), watch)->Finish().error_code(),
            StatusCode::INVALID_ARGUMENT);
  const auto second = As("ann");
  v1::DownloadArtifactRequest download;
  download.set_path(std::string(1 << 20, 'x'));
  EXPECT_EQ(jobs_->DownloadArtifact(second.get(), download)->Finish().error_code(),
            StatusCode::INVALID_ARGUMENT);
}

TEST_F(CallLimitsTest, ASubmissionThatIsTooLargeDoesNotEvenWait) {
  BlockPool();
  v1::SubmitJobRequest many = TestServer::Request("r1");
  for (int i = 0; i < 2000; ++i) many.add_overrides("a=1");
  v1::SubmitJobRequest large = LargeRequest("r2");
  large.add_sources()->set_content(std::string(1 << 20, '#'));
  large.add_sources()->set_content(std::string(1 << 20, '#'));
  for (const v1::SubmitJobRequest& request : {many, large}) {
    EXPECT_EQ(Submit("ann", request).error_code(), StatusCode::INVALID_ARGUMENT);
  }
  go_.Notify();
}

TEST_F(CallLimitsTest, WhatWaitsOfOneUserHasABoundInBytes) {
  BlockPool();
  std::vector<grpc::Status> ends(5);
  absl::Notification refused;
  std::vector<std::thread> calls;
  for (size_t i = 0; i < ends.size(); ++i) {
    calls.emplace_back([&, i] {
      ends[i] = Submit("ann", LargeRequest(absl::StrCat("r", i)));
      // Nothing else ends before `go_`.
      if (!go_.HasBeenNotified()) refused.Notify();
    });
  }
  refused.WaitForNotification();
  std::thread bobs([&] { EXPECT_TRUE(Submit("bob", TestServer::Request("b")).ok()); });
  go_.Notify();
  bobs.join();
  for (std::thread& call : calls) call.join();
  int exhausted = 0;
  for (const grpc::Status& end : ends) {
    exhausted += end.error_code() == StatusCode::RESOURCE_EXHAUSTED ? 1 : 0;
    if (!end.ok()) {
      EXPECT_THAT(end.error_message(), HasSubstr("wait to be answered"));
    }
  }
  EXPECT_EQ(exhausted, 1);
  // What is done has given back what it took.
  EXPECT_TRUE(Submit("ann", LargeRequest("r9")).ok());
}

}  // namespace
}  // namespace kur::server
