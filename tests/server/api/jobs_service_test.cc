#include "server/api/jobs_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kur/v1/errors.pb.h"
#include "tests/server/testing/test_api.h"

namespace kur::server {
namespace {

using grpc::StatusCode;

class JobsServiceTest : public ::testing::Test {
 protected:
  std::string Submit(const std::string& id) {
    grpc::ClientContext context;
    v1::Job job;
    const grpc::Status status = stub_->SubmitJob(&context, TestServer::Request(id), &job);
    EXPECT_TRUE(status.ok()) << status.error_message();
    api_.server.jobs->WaitUntilIdle();
    return job.name();
  }

  FakeWorker RunningWorker(const std::string& job) {
    FakeWorker worker(api_.server, job);
    EXPECT_THAT(worker.Connect(), IsOk());
    EXPECT_THAT(worker.Report(FakeWorker::Started()), IsOk());
    return worker;
  }

  static v1::WatchEventsRequest WatchRequest(const std::string& name, int64_t from, bool follow) {
    v1::WatchEventsRequest request;
    request.set_name(name);
    request.set_from(from);
    request.set_follow(follow);
    return request;
  }

  // The numbers of all events until the stream ends, and how it ends.
  std::vector<int64_t> Watch(const v1::WatchEventsRequest& request, grpc::Status* status) {
    grpc::ClientContext context;
    const auto reader = stub_->WatchEvents(&context, request);
    std::vector<int64_t> numbers;
    v1::Event event;
    while (reader->Read(&event)) numbers.push_back(event.number());
    *status = reader->Finish();
    return numbers;
  }

  static std::vector<int64_t> Range(int64_t first, int64_t last) {
    std::vector<int64_t> numbers;
    for (int64_t i = first; i <= last; ++i) numbers.push_back(i);
    return numbers;
  }

  // A file of the job and the event that tells of it.
  void WriteArtifact(FakeWorker& worker, const std::string& job, const std::string& content,
                     const std::string& digest) {
    ASSERT_THAT(WriteFileAtomically(api_.server.files,
                                    api_.server.layout.Artifacts(job) + "/last.w", content),
                IsOk());
    v1::Event event;
    event.mutable_artifact_written()->set_path("last.w");
    event.mutable_artifact_written()->set_size(static_cast<int64_t>(content.size()));
    event.mutable_artifact_written()->set_sha256(digest);
    ASSERT_THAT(worker.Report(event), IsOk());
  }

  grpc::Status Download(const v1::DownloadArtifactRequest& request, std::string* content,
                        v1::Artifact* artifact) {
    grpc::ClientContext context;
    const auto reader = stub_->DownloadArtifact(&context, request);
    v1::DownloadArtifactResponse response;
    while (reader->Read(&response)) {
      if (response.has_artifact()) *artifact = response.artifact();
      EXPECT_LE(response.data().size(), 256u << 10);
      *content += response.data();
    }
    return reader->Finish();
  }

  TestApi api_;
  std::unique_ptr<v1::Jobs::Stub> stub_ = v1::Jobs::NewStub(api_.TcpChannel());
};

TEST_F(JobsServiceTest, SubmitsShowsListsAndCancels) {
  const std::string name = Submit("r1");
  {
    grpc::ClientContext context;
    v1::GetJobRequest request;
    v1::Job job;
    request.set_name("cif");
    ASSERT_TRUE(stub_->GetJob(&context, request, &job).ok());
    EXPECT_EQ(job.name(), name);
    EXPECT_EQ(job.owner(), Authenticator::LocalUser());
  }
  {
    grpc::ClientContext context;
    v1::ListJobsResponse list;
    ASSERT_TRUE(stub_->ListJobs(&context, {}, &list).ok());
    EXPECT_EQ(list.jobs_size(), 1);
  }
  grpc::ClientContext context;
  v1::CancelJobRequest request;
  v1::Job job;
  request.set_name(name);
  EXPECT_TRUE(stub_->CancelJob(&context, request, &job).ok());
}

TEST_F(JobsServiceTest, SimultaneousRepeatsOfARequestAreOneJob) {
  std::vector<std::string> names(8);
  std::vector<std::thread> threads;
  for (std::string& name : names) {
    threads.emplace_back([this, &name] {
      grpc::ClientContext context;
      v1::Job job;
      stub_->SubmitJob(&context, TestServer::Request("same"), &job);
      name = job.name();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(names, ::testing::Each("cifar-1"));
}

TEST_F(JobsServiceTest, AWrongKurfileAnswersWithItsDiagnostics) {
  v1::SubmitJobRequest request = TestServer::Request("r1");
  request.mutable_sources(0)->set_content("train: 5\n");
  grpc::ClientContext context;
  v1::Job job;
  const grpc::Status status = stub_->SubmitJob(&context, request, &job);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  v1::ErrorDetails details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_GE(details.diagnostics_size(), 1);
  EXPECT_EQ(details.diagnostics(0).file(), "cifar.yml");
}

TEST_F(JobsServiceTest, WatchesHistoryFromEveryNumber) {
  const std::string name = Submit("r1");
  RunningWorker(name);
  api_.server.EndWorker(name, v1::JOB_STATE_SUCCEEDED);
  for (int64_t from = 0; from <= 6; ++from) {
    for (const bool follow : {false, true}) {
      grpc::Status status;
      const auto numbers = Watch(WatchRequest(name, from, follow), &status);
      EXPECT_EQ(numbers, Range(std::max<int64_t>(from, 1), 5));
      EXPECT_TRUE(status.ok());
    }
  }
}

TEST_F(JobsServiceTest, WithoutFollowingAWatchEndsAfterTheNewest) {
  const std::string name = Submit("r1");
  grpc::Status status;
  EXPECT_EQ(Watch(WatchRequest(name, 1, false), &status), Range(1, 2));
  EXPECT_TRUE(status.ok());
}

TEST_F(JobsServiceTest, FollowersSeeEveryEventOnceAndInOrder) {
  const std::string name = Submit("r1");
  FakeWorker worker = RunningWorker(name);
  constexpr int kWatchers = 10;
  constexpr int kBatches = 200;
  std::vector<std::vector<int64_t>> seen(kWatchers);
  std::vector<grpc::Status> ends(kWatchers);
  std::vector<std::thread> threads;
  for (int i = 0; i < kWatchers; ++i) {
    threads.emplace_back([this, &name, &seen, &ends, i] {
      seen[static_cast<size_t>(i)] =
          Watch(WatchRequest(name, 1 + i, true), &ends[static_cast<size_t>(i)]);
    });
  }
  for (int i = 1; i <= kBatches; ++i) {
    ASSERT_THAT(worker.Report(FakeWorker::Batches(1, i, 1)), IsOk());
  }
  api_.server.EndWorker(name, v1::JOB_STATE_SUCCEEDED);
  for (std::thread& thread : threads) thread.join();
  // Queued, starting, running and started come before the batches, the final state after them.
  for (int i = 0; i < kWatchers; ++i) {
    EXPECT_EQ(seen[static_cast<size_t>(i)], Range(1 + i, 4 + kBatches + 1));
    EXPECT_TRUE(ends[static_cast<size_t>(i)].ok());
  }
}

TEST_F(JobsServiceTest, AWatchEndsUnavailableWhenTheServerStops) {
  const std::string name = Submit("r1");
  grpc::ClientContext context;
  const auto reader = stub_->WatchEvents(&context, WatchRequest(name, 1, true));
  v1::Event event;
  ASSERT_TRUE(reader->Read(&event));
  api_.jobs->StopWatches();
  while (reader->Read(&event)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(JobsServiceTest, WatchesOfALogThatIsBeingReadHoldUpNobody) {
  const std::string name = Submit("r1");
  api_.server.EndWorker(name, v1::JOB_STATE_SUCCEEDED);
  absl::Notification go;
  api_.server.files.hold_events = &go;
  // More than gRPC has threads.
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::Event>>> readers;
  for (int i = 0; i < 100; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(stub_->WatchEvents(contexts.back().get(), WatchRequest(name, 1, true)));
  }
  api_.server.files.reading.WaitForNotification();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::GetJobRequest request;
  request.set_name(name);
  v1::Job job;
  EXPECT_TRUE(stub_->GetJob(&context, request, &job).ok());
  go.Notify();
  for (const auto& reader : readers) {
    v1::Event event;
    while (reader->Read(&event)) {
    }
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_EQ(event.state_changed().state(), v1::JOB_STATE_SUCCEEDED);
  }
}

TEST_F(JobsServiceTest, AWatcherMayLeave) {
  const std::string name = Submit("r1");
  {
    grpc::ClientContext context;
    const auto reader = stub_->WatchEvents(&context, WatchRequest(name, 1, true));
    v1::Event event;
    ASSERT_TRUE(reader->Read(&event));
    context.TryCancel();
    while (reader->Read(&event)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), StatusCode::CANCELLED);
  }
  FakeWorker worker = RunningWorker(name);
  EXPECT_THAT(worker.Report(FakeWorker::Batches(1, 1, 1)), IsOk());
}

TEST_F(JobsServiceTest, AWatchOfNothingSaysSo) {
  grpc::Status status;
  Watch(WatchRequest("nobody", 1, true), &status);
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  const std::string name = Submit("r1");
  Watch(WatchRequest(name, -1, true), &status);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(JobsServiceTest, DownloadsAnArtifactWholeAndFromAnOffset) {
  const std::string name = Submit("r1");
  FakeWorker worker = RunningWorker(name);
  std::string written;
  for (int i = 0; i < 100'000; ++i) written += absl::StrCat(i, ",");
  const std::string digest = Sha256Hex(written);
  WriteArtifact(worker, name, written, digest);
  v1::DownloadArtifactRequest request;
  request.set_name(name);
  request.set_path("last.w");
  for (const size_t offset : {size_t{0}, size_t{1}, size_t{300'000}, written.size()}) {
    request.set_offset(static_cast<int64_t>(offset));
    request.set_sha256(offset == 0 ? "" : digest);
    std::string content;
    v1::Artifact artifact;
    const grpc::Status status = Download(request, &content, &artifact);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(artifact.sha256(), digest);
    EXPECT_TRUE(content == written.substr(offset)) << "from " << offset;
  }
  request.set_offset(static_cast<int64_t>(written.size()) + 1);
  std::string content;
  v1::Artifact artifact;
  EXPECT_EQ(Download(request, &content, &artifact).error_code(), StatusCode::OUT_OF_RANGE);
}

TEST_F(JobsServiceTest, ADownloadOfContentThatWasReplacedBeginsAnew) {
  const std::string name = Submit("r1");
  FakeWorker worker = RunningWorker(name);
  WriteArtifact(worker, name, "older", Sha256Hex("older"));
  WriteArtifact(worker, name, "newer", Sha256Hex("newer"));
  v1::DownloadArtifactRequest request;
  request.set_name(name);
  request.set_path("last.w");
  request.set_offset(2);
  request.set_sha256(Sha256Hex("older"));
  std::string content;
  v1::Artifact artifact;
  EXPECT_EQ(Download(request, &content, &artifact).error_code(), StatusCode::FAILED_PRECONDITION);
}

TEST_F(JobsServiceTest, ContentThatIsNotWhatWasAnnouncedIsFoundOut) {
  const std::string name = Submit("r1");
  FakeWorker worker = RunningWorker(name);
  WriteArtifact(worker, name, "newer", Sha256Hex("older"));
  v1::DownloadArtifactRequest request;
  request.set_name(name);
  request.set_path("last.w");
  std::string content;
  v1::Artifact artifact;
  EXPECT_EQ(Download(request, &content, &artifact).error_code(), StatusCode::ABORTED);
}

}  // namespace
}  // namespace kur::server
