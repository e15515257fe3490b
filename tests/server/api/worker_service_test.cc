#include "server/api/worker_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/server/testing/test_api.h"

namespace kur::server {
namespace {

using grpc::StatusCode;
using ::testing::ElementsAre;

// A worker's stream over the private socket.
class WorkerStream {
 public:
  WorkerStream(const TestApi& api, const std::string& job, const std::string& secret)
      : stub_(v1::WorkerService::NewStub(api.WorkerChannel())), stream_(stub_->Connect(&context_)) {
    v1::WorkerMessage message;
    message.mutable_hello()->set_job(job);
    message.mutable_hello()->set_secret(secret);
    message.mutable_hello()->set_attempt(1);
    stream_->Write(message);
  }

  // The next message; default when the stream has ended.
  v1::ServerMessage Read() {
    v1::ServerMessage message;
    stream_->Read(&message);
    return message;
  }

  void Send(const std::vector<v1::Event>& events) {
    v1::WorkerMessage message;
    for (const v1::Event& event : events) {
      *message.mutable_events()->add_events() = event;
    }
    stream_->Write(message);
  }

  grpc::Status Finish() {
    v1::ServerMessage ignored;
    while (stream_->Read(&ignored)) {
    }
    return stream_->Finish();
  }
  grpc::Status Leave() {
    stream_->WritesDone();
    return Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkerMessage, v1::ServerMessage>> stream_;
};

v1::Event Numbered(v1::Event event, int64_t sequence) {
  event.set_worker_sequence(sequence);
  return event;
}

class WorkerServiceTest : public ::testing::Test {
 protected:
  TestApi api_;
  const std::string job_ = api_.server.Submit("r1");
  const std::string secret_ = api_.server.Spec(job_).secret();
};

TEST_F(WorkerServiceTest, AcknowledgesWhatIsDurableAndWelcomesWithItAfterwards) {
  WorkerStream first(api_, job_, secret_);
  EXPECT_EQ(first.Read().welcome().acknowledged_sequence(), 0);
  first.Send({Numbered(FakeWorker::Started(), 1), Numbered(FakeWorker::Batches(1, 1, 1), 2)});
  EXPECT_EQ(first.Read().acknowledged().sequence(), 2);
  EXPECT_TRUE(first.Leave().ok());
  WorkerStream second(api_, job_, secret_);
  EXPECT_EQ(second.Read().welcome().acknowledged_sequence(), 2);
}

TEST_F(WorkerServiceTest, PassesCommandsOn) {
  WorkerStream stream(api_, job_, secret_);
  ASSERT_TRUE(stream.Read().has_welcome());
  ASSERT_THAT(api_.server.jobs->Cancel({"ann"}, job_), IsOk());
  EXPECT_TRUE(stream.Read().command().has_cancel());
}

TEST_F(WorkerServiceTest, RefusesStrangers) {
  EXPECT_EQ(WorkerStream(api_, job_, "guess").Finish().error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(WorkerStream(api_, "nobody-1", secret_).Finish().error_code(), StatusCode::NOT_FOUND);
}

TEST_F(WorkerServiceTest, AGapEndsTheStream) {
  WorkerStream stream(api_, job_, secret_);
  stream.Send({Numbered(FakeWorker::Started(), 2)});
  EXPECT_EQ(stream.Finish().error_code(), StatusCode::OUT_OF_RANGE);
}

TEST_F(WorkerServiceTest, ANewConnectionEndsTheOld) {
  WorkerStream older(api_, job_, secret_);
  ASSERT_TRUE(older.Read().has_welcome());
  WorkerStream newer(api_, job_, secret_);
  ASSERT_TRUE(newer.Read().has_welcome());
  EXPECT_EQ(older.Finish().error_code(), StatusCode::ABORTED);
}

TEST_F(WorkerServiceTest, AcknowledgesALongStreamUpToItsEnd) {
  WorkerStream stream(api_, job_, secret_);
  ASSERT_TRUE(stream.Read().has_welcome());
  constexpr int64_t kEvents = 200;
  for (int64_t i = 1; i <= kEvents; ++i) {
    stream.Send({Numbered(i == 1 ? FakeWorker::Started() : FakeWorker::Batches(1, i, 1), i)});
  }
  int64_t acknowledged = 0;
  while (acknowledged < kEvents) {
    const v1::ServerMessage message = stream.Read();
    ASSERT_TRUE(message.has_acknowledged());
    EXPECT_GT(message.acknowledged().sequence(), acknowledged);
    acknowledged = message.acknowledged().sequence();
  }
  EXPECT_EQ(acknowledged, kEvents);
}

}  // namespace
}  // namespace kur::server
