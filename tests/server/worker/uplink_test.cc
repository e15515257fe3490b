#include "server/worker/uplink.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/base/file_system.h"
#include "engine/base/passed_fd.h"
#include "gmock/gmock.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur::worker {
namespace {

using kur::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kLongest = absl::Seconds(30);

// True as soon as `condition` is; false if it does not become so.
template <class Condition>
bool Becomes(const Condition& condition) {
  const absl::Time deadline = absl::Now() + kLongest;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return true;
}

std::function<absl::StatusOr<UniqueFd>()> ConnectTo(std::string address) {
  return [address = std::move(address)] { return ConnectToUnixSocket(address); };
}

// A kurd that can come and go, remembers what workers send, and answers as the test says.
// Thread-safe.
class FakeKurd : public v1::WorkerService::Service {
 public:
  explicit FakeKurd(std::string address) : address_(std::move(address)) {}
  ~FakeKurd() override { Stop(); }

  void Start() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  // Goes away, whatever is under way.
  void Stop() {
    if (server_ == nullptr) return;
    server_->Shutdown(absl::ToChronoTime(absl::Now()));
    server_.reset();
  }

  // Ends the connection that there is.
  void Cut() {
    const absl::MutexLock lock(&mutex_);
    ASSERT_NE(context_, nullptr);
    context_->TryCancel();
  }

  // Answers Hello with an error, or again with Welcome.
  void Refuse(grpc::Status refusal) {
    const absl::MutexLock lock(&mutex_);
    refusal_ = std::move(refusal);
  }

  // What Welcome says is durable.
  void SetDurable(int64_t sequence) {
    const absl::MutexLock lock(&mutex_);
    durable_ = sequence;
  }
  // Whether events become durable, and are acknowledged, as they come.
  void SetAcknowledges(bool acknowledges) {
    const absl::MutexLock lock(&mutex_);
    acknowledges_ = acknowledges;
  }

  // Commands that are sent behind every Welcome.
  void SetCommands(std::vector<v1::Command> commands) {
    const absl::MutexLock lock(&mutex_);
    commands_ = std::move(commands);
  }

  std::vector<v1::Hello> hellos() const {
    const absl::MutexLock lock(&mutex_);
    return hellos_;
  }
  // The numbers of all events that came, in the order in which they came.
  std::vector<int64_t> received() const {
    const absl::MutexLock lock(&mutex_);
    return received_;
  }
  int heartbeats() const {
    const absl::MutexLock lock(&mutex_);
    return heartbeats_;
  }
  bool Received(std::vector<int64_t> numbers) const {
    return Becomes([&] { return received() == numbers; });
  }

  grpc::Status Connect(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::ServerMessage, v1::WorkerMessage>* stream) override {
    v1::WorkerMessage message;
    if (!stream->Read(&message)) return grpc::Status::OK;
    v1::ServerMessage welcome;
    std::vector<v1::Command> commands;
    {
      const absl::MutexLock lock(&mutex_);
      hellos_.push_back(message.hello());
      if (!refusal_.ok()) return refusal_;
      context_ = context;
      welcome.mutable_welcome()->set_acknowledged_sequence(durable_);
      commands = commands_;
    }
    stream->Write(welcome);
    for (const v1::Command& command : commands) {
      v1::ServerMessage answer;
      *answer.mutable_command() = command;
      stream->Write(answer);
    }
    while (stream->Read(&message)) {
      if (message.has_heartbeat()) {
        const absl::MutexLock lock(&mutex_);
        ++heartbeats_;
        continue;
      }
      v1::ServerMessage answer;
      if (!Record(message.events(), &answer)) continue;
      stream->Write(answer);
    }
    const absl::MutexLock lock(&mutex_);
    if (context_ == context) context_ = nullptr;
    return grpc::Status::OK;
  }

 private:
  // False if there is nothing to answer.
  bool Record(const v1::EventBatch& batch, v1::ServerMessage* answer) {
    const absl::MutexLock lock(&mutex_);
    for (const v1::Event& event : batch.events()) received_.push_back(event.worker_sequence());
    if (!acknowledges_) return false;
    durable_ = received_.back();
    answer->mutable_acknowledged()->set_sequence(durable_);
    return true;
  }

  const std::string address_;
  std::unique_ptr<grpc::Server> server_;

  mutable absl::Mutex mutex_;
  grpc::ServerContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;  // of the open connection
  grpc::Status refusal_ ABSL_GUARDED_BY(mutex_);
  int64_t durable_ ABSL_GUARDED_BY(mutex_) = 0;
  bool acknowledges_ ABSL_GUARDED_BY(mutex_) = true;
  std::vector<v1::Command> commands_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Hello> hellos_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> received_ ABSL_GUARDED_BY(mutex_);
  int heartbeats_ ABSL_GUARDED_BY(mutex_) = 0;
};

v1::Command WriteCheckpoint(int64_t id) {
  v1::Command command;
  command.set_id(id);
  command.mutable_write_checkpoint();
  return command;
}

v1::Command Cancel(int64_t id) {
  v1::Command command;
  command.set_id(id);
  command.mutable_cancel();
  return command;
}

class UplinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto spool = Spool::Open(FileSystem::Posix(), dir_.File("spool"));
    ASSERT_TRUE(spool.ok()) << spool.status();
    spool_ = *std::move(spool);
  }

  std::unique_ptr<Uplink> MakeUplink() {
    return std::make_unique<Uplink>(
        Uplink::Options{ConnectTo(address_), "a-job", "a-secret", 3, "5:17"}, spool_.get(),
        &control_);
  }

  void Append(int count) {
    for (int i = 0; i < count; ++i) {
      v1::Event event;
      event.mutable_log_line()->set_text("a line");
      ASSERT_TRUE(spool_->Append(event).ok());
    }
  }

  // The ids of the commands that come, up to `last`.
  std::vector<int64_t> CommandsUpTo(int64_t last) {
    std::vector<int64_t> ids;
    const bool came = Becomes([&] {
      while (const auto command = control_.TakeCommand()) ids.push_back(command->id);
      return !ids.empty() && ids.back() == last;
    });
    EXPECT_TRUE(came) << "command " << last;
    return ids;
  }

  TemporaryDirectory dir_;
  const std::string address_ = "unix:" + dir_.File("kurd.sock");
  std::unique_ptr<Spool> spool_;
  Control control_;
  FakeKurd kurd_{address_};
};

TEST_F(UplinkTest, SaysWhoItIsAndBringsEveryEvent) {
  kurd_.Start();
  Append(2);
  const auto uplink = MakeUplink();
  EXPECT_TRUE(kurd_.Received({1, 2}));
  Append(1);
  EXPECT_TRUE(kurd_.Received({1, 2, 3}));
  EXPECT_TRUE(spool_->AwaitAcknowledged(kLongest));
  EXPECT_TRUE(uplink->connected());
  const std::vector<v1::Hello> hellos = kurd_.hellos();
  ASSERT_EQ(hellos.size(), 1U);
  EXPECT_EQ(hellos[0].job(), "a-job");
  EXPECT_EQ(hellos[0].secret(), "a-secret");
  EXPECT_EQ(hellos[0].attempt(), 3);
  EXPECT_EQ(hellos[0].run_directory_id(), "5:17");
}

TEST_F(UplinkTest, GivesASignOfLifeOnEveryConnection) {
  kurd_.Start();
  const auto uplink = MakeUplink();
  ASSERT_TRUE(Becomes([&] { return kurd_.heartbeats() == 1; })) << "without any event";
  kurd_.Cut();
  EXPECT_TRUE(Becomes([&] { return kurd_.heartbeats() == 2; }));
}

TEST_F(UplinkTest, GoesOnBehindWhatKurdHas) {
  kurd_.Start();
  kurd_.SetDurable(2);
  Append(4);
  const auto uplink = MakeUplink();
  EXPECT_TRUE(kurd_.Received({3, 4}));
  EXPECT_TRUE(spool_->AwaitAcknowledged(kLongest));
}

TEST_F(UplinkTest, WaitsForAKurdThatIsNotThereYet) {
  Append(2);
  const auto uplink = MakeUplink();
  EXPECT_FALSE(uplink->connected());
  kurd_.Start();
  EXPECT_TRUE(kurd_.Received({1, 2}));
}

TEST_F(UplinkTest, SendsAgainWhatWasNotAcknowledgedWhenTheConnectionBroke) {
  kurd_.Start();
  kurd_.SetAcknowledges(false);
  Append(3);
  const auto uplink = MakeUplink();
  ASSERT_TRUE(kurd_.Received({1, 2, 3}));
  kurd_.SetDurable(1);
  kurd_.SetAcknowledges(true);
  kurd_.Cut();
  EXPECT_TRUE(kurd_.Received({1, 2, 3, 2, 3}));
  EXPECT_TRUE(spool_->AwaitAcknowledged(kLongest));
  EXPECT_EQ(kurd_.hellos().size(), 2U);
}

TEST_F(UplinkTest, AKurdThatGoesAwayLosesNothing) {
  kurd_.Start();
  const auto uplink = MakeUplink();
  Append(2);
  ASSERT_TRUE(kurd_.Received({1, 2}));
  ASSERT_TRUE(spool_->AwaitAcknowledged(kLongest));
  kurd_.Stop();
  Append(2);
  EXPECT_TRUE(Becomes([&] { return !uplink->connected(); }));
  kurd_.Start();
  EXPECT_TRUE(kurd_.Received({1, 2, 3, 4}));
  EXPECT_TRUE(spool_->AwaitAcknowledged(kLongest));
  EXPECT_FALSE(control_.IsCancelled());
}

TEST_F(UplinkTest, EndsTheRunIfKurdDoesNotKnowTheWorker) {
  for (const grpc::StatusCode code :
       {grpc::StatusCode::PERMISSION_DENIED, grpc::StatusCode::NOT_FOUND}) {
    FakeKurd kurd("unix:" + dir_.File("refuses.sock"));
    kurd.Refuse({code, "who is this?"});
    kurd.Start();
    Control control;
    Uplink uplink({ConnectTo("unix:" + dir_.File("refuses.sock")), "a-job", "wrong", 1, ""},
                  spool_.get(), &control);
    EXPECT_TRUE(Becomes([&] { return control.IsCancelled(); })) << code;
    EXPECT_FALSE(uplink.connected());
    uplink.Stop();
    EXPECT_EQ(kurd.hellos().size(), 1U) << code;
  }
}

TEST_F(UplinkTest, TriesAgainAfterAnyOtherError) {
  kurd_.Refuse({grpc::StatusCode::UNAVAILABLE, "starting"});
  kurd_.Start();
  Append(1);
  const auto uplink = MakeUplink();
  ASSERT_TRUE(Becomes([&] { return kurd_.hellos().size() >= 2; }));
  kurd_.Refuse(grpc::Status::OK);
  EXPECT_TRUE(kurd_.Received({1}));
  EXPECT_FALSE(control_.IsCancelled());
}

TEST_F(UplinkTest, HandsCommandsOnOnceAndInOrder) {
  kurd_.SetCommands({WriteCheckpoint(3), WriteCheckpoint(5)});
  kurd_.Start();
  const auto uplink = MakeUplink();
  EXPECT_THAT(CommandsUpTo(5), ElementsAre(3, 5));
  // Sent again after a reconnect, before a new one.
  kurd_.SetCommands({WriteCheckpoint(3), WriteCheckpoint(5), WriteCheckpoint(6)});
  kurd_.Cut();
  EXPECT_THAT(CommandsUpTo(6), ElementsAre(6));
  EXPECT_FALSE(control_.IsCancelled());
}

TEST_F(UplinkTest, ACommandToCancelEndsTheRun) {
  kurd_.SetCommands({WriteCheckpoint(1), Cancel(2)});
  kurd_.Start();
  const auto uplink = MakeUplink();
  EXPECT_TRUE(Becomes([&] { return control_.IsCancelled(); }));
  EXPECT_THAT(CommandsUpTo(1), ElementsAre(1));
}

TEST_F(UplinkTest, StopsAtOnceWhetherKurdIsThereOrNot) {
  const auto alone = MakeUplink();
  alone->Stop();
  kurd_.Start();
  auto spool = Spool::Open(FileSystem::Posix(), dir_.File("another"));
  ASSERT_TRUE(spool.ok());
  Uplink connected({ConnectTo(address_), "a-job", "a-secret", 0, ""}, spool->get(), &control_);
  ASSERT_TRUE(Becomes([&] { return connected.connected(); }));
  connected.Stop();
  EXPECT_THAT(kurd_.received(), IsEmpty());
}

}  // namespace
}  // namespace kur::worker
