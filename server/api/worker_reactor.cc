#include "server/api/worker_reactor.h"

#include <iterator>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "server/api/grpc_status.h"

namespace kur::server {

grpc::ServerBidiReactor<v1::WorkerMessage, v1::ServerMessage>* WorkerReactor::Begin(
    JobManager& jobs) {
  std::shared_ptr<WorkerReactor> reactor(new WorkerReactor(jobs));
  reactor->self_ = reactor;
  reactor->StartRead(&reactor->incoming_);
  return reactor.get();
}

void WorkerReactor::OnReadDone(bool ok) {
  if (!ok) return Close(absl::OkStatus());
  const absl::Status handled = HandleMessage(std::move(incoming_));
  if (!handled.ok()) return Close(handled);
  incoming_.Clear();
  StartRead(&incoming_);
}

absl::Status WorkerReactor::HandleMessage(v1::WorkerMessage message) {
  if (job_ == nullptr) {
    if (message.has_hello()) return Welcome(message.hello());
    return absl::InvalidArgumentError("the first message must be hello");
  }
  if (message.has_heartbeat()) return job_->OnHeartbeat(this, message.heartbeat());
  if (!message.has_events()) return absl::InvalidArgumentError("expected events");
  auto& batch = *message.mutable_events()->mutable_events();
  std::vector<v1::Event> events(std::make_move_iterator(batch.begin()),
                                std::make_move_iterator(batch.end()));
  KUR_ASSIGN_OR_RETURN(const int64_t sequence, job_->AppendWorkerEvents(this, std::move(events)));
  Acknowledge(sequence);
  return absl::OkStatus();
}

absl::Status WorkerReactor::Welcome(const v1::Hello& hello) {
  KUR_ASSIGN_OR_RETURN(const auto job, jobs_.JobOfWorker(hello.job()));
  KUR_ASSIGN_OR_RETURN(const int64_t acknowledged, job->Connect(hello, shared_from_this()));
  job_ = job;
  v1::ServerMessage welcome;
  welcome.mutable_welcome()->set_acknowledged_sequence(acknowledged);
  Send(std::move(welcome));
  job_->OnWelcomed();
  return absl::OkStatus();
}

void WorkerReactor::SendCommand(const v1::Command& command) {
  v1::ServerMessage message;
  *message.mutable_command() = command;
  Send(std::move(message));
}

void WorkerReactor::Acknowledge(int64_t sequence) {
  {
    absl::MutexLock lock(&mutex_);
    // The newest acknowledgement says all that an unsent one before it would.
    const bool replaceable = outgoing_.size() > 1 && outgoing_.back().has_acknowledged();
    if (replaceable) {
      outgoing_.back().mutable_acknowledged()->set_sequence(sequence);
      return;
    }
  }
  v1::ServerMessage message;
  message.mutable_acknowledged()->set_sequence(sequence);
  Send(std::move(message));
}

void WorkerReactor::Send(v1::ServerMessage message) {
  absl::MutexLock lock(&mutex_);
  if (end_.has_value()) return;
  outgoing_.push_back(std::move(message));
  if (!writing_) WriteNext();
}

void WorkerReactor::WriteNext() {
  writing_ = true;
  StartWrite(&outgoing_.front());
}

void WorkerReactor::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  outgoing_.pop_front();
  if (!ok && !end_.has_value()) end_ = absl::CancelledError("the worker has gone");
  if (end_.has_value() && !finished_) {
    finished_ = true;
    return Finish(ToGrpc(*end_));
  }
  if (!finished_ && !outgoing_.empty()) WriteNext();
}

void WorkerReactor::Close(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (!end_.has_value()) end_ = status;
  if (writing_ || finished_) return;
  finished_ = true;
  Finish(ToGrpc(*end_));
}

}  // namespace kur::server
