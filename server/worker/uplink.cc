#include "server/worker/uplink.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/create_channel_posix.h"
#include "grpcpp/security/credentials.h"
#include "spdlog/spdlog.h"

namespace kur::worker {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(50);
constexpr absl::Duration kLongestPause = absl::Seconds(2);
// How long a connection that has ended may go unnoticed while there is nothing to send.
constexpr absl::Duration kIdle = absl::Milliseconds(200);
constexpr int kBatch = 64;
// kurd gives a worker up that is silent for a minute.
constexpr absl::Duration kHeartbeatInterval = absl::Seconds(5);

}  // namespace

Uplink::Uplink(Options options, Spool* spool, Control* control)
    : options_(std::move(options)), spool_(spool), control_(control) {
  thread_ = std::thread([this] { Run(); });
}

Uplink::~Uplink() { Stop(); }

bool Uplink::connected() const {
  const absl::MutexLock lock(&mutex_);
  return connected_;
}

void Uplink::SetConnected(bool connected) {
  const absl::MutexLock lock(&mutex_);
  connected_ = connected;
  changed_.NotifyAll();
}

bool Uplink::IsRunning() const {
  const absl::MutexLock lock(&mutex_);
  return !stopped_;
}

void Uplink::Pause(absl::Duration duration) {
  const absl::MutexLock lock(&mutex_);
  changed_.Await(&mutex_, absl::Condition(&stopped_), duration);
}

void Uplink::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.NotifyAll();
    if (context_ != nullptr) context_->TryCancel();
  }
  spool_->Close();
  if (thread_.joinable()) thread_.join();
}

void Uplink::Run() {
  absl::Duration pause = kFirstPause;
  while (IsRunning()) {
    bool welcomed = false;
    const grpc::Status status = Connect(&welcomed);
    if (welcomed) pause = kFirstPause;
    SetConnected(false);
    if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED ||
        status.error_code() == grpc::StatusCode::NOT_FOUND) {
      spdlog::error("kurd does not know this worker ({}): ending", status.error_message());
      control_->Cancel();
      return;
    }
    Pause(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

grpc::Status Uplink::Connect(bool* welcomed) {
  auto connection = options_.connect();
  if (!connection.ok()) {
    return {grpc::StatusCode::UNAVAILABLE, std::string(connection.status().message())};
  }
  const auto stub =
      v1::WorkerService::NewStub(grpc::CreateInsecureChannelFromFd("kurd", connection->release()));
  grpc::ClientContext context;
  {
    const absl::MutexLock lock(&mutex_);
    if (stopped_) return grpc::Status::CANCELLED;
    context_ = &context;
  }
  const auto stream = stub->Connect(&context);
  v1::WorkerMessage hello;
  hello.mutable_hello()->set_job(options_.job);
  hello.mutable_hello()->set_secret(options_.secret);
  hello.mutable_hello()->set_attempt(options_.attempt);
  hello.mutable_hello()->set_run_directory_id(options_.run_directory_id);
  v1::ServerMessage welcome;
  if (stream->Write(hello) && stream->Read(&welcome) && welcome.has_welcome()) {
    const int64_t acknowledged = welcome.welcome().acknowledged_sequence();
    spool_->Acknowledge(acknowledged);
    *welcomed = true;
    SetConnected(true);
    std::thread receiver([&] { ReceiveMessages(stream.get()); });
    std::thread pulse([&] { SendHeartbeats(stream.get()); });
    SendEvents(stream.get(), acknowledged);
    context.TryCancel();
    receiver.join();
    pulse.join();
  }
  {
    const absl::MutexLock lock(&mutex_);
    context_ = nullptr;
  }
  return stream->Finish();
}

void Uplink::SendEvents(Stream* stream, int64_t sent) {
  while (IsRunning() && connected()) {
    std::vector<v1::Event> events = spool_->Read(sent, kBatch, kIdle);
    if (events.empty()) continue;
    sent = events.back().worker_sequence();
    v1::WorkerMessage message;
    for (v1::Event& event : events) *message.mutable_events()->add_events() = std::move(event);
    if (!Send(stream, message)) return;
  }
}

void Uplink::SendHeartbeats(Stream* stream) {
  v1::WorkerMessage message;
  do {
    message.mutable_heartbeat()->set_processor_seconds(absl::ToDoubleSeconds(ProcessorTime()));
    if (!Send(stream, message)) return;
  } while (!AwaitEnd(kHeartbeatInterval));
}

bool Uplink::Send(Stream* stream, const v1::WorkerMessage& message) {
  const absl::MutexLock lock(&write_mutex_);
  return stream->Write(message);
}

bool Uplink::AwaitEnd(absl::Duration timeout) {
  const absl::MutexLock lock(&mutex_);
  return changed_.Await(&mutex_, absl::Condition(this, &Uplink::HasEnded), timeout);
}

void Uplink::ReceiveMessages(Stream* stream) {
  v1::ServerMessage message;
  while (stream->Read(&message)) {
    if (message.has_acknowledged()) {
      spool_->Acknowledge(message.acknowledged().sequence());
    } else if (message.has_command()) {
      const v1::Command& command = message.command();
      if (command.has_cancel()) control_->Cancel();
      if (command.has_write_checkpoint()) {
        control_->Add({command.id(), RunCommand::Kind::kCheckpoint});
      }
    }
  }
  SetConnected(false);
}

}  // namespace kur::worker
