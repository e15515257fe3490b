#ifndef KUR_SERVER_API_WORKER_REACTOR_H_
#define KUR_SERVER_API_WORKER_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "kur/v1/worker.pb.h"
#include "server/jobs/active_job.h"
#include "server/jobs/job_manager.h"

namespace kur::server {

// One connection of a worker: takes its events, acknowledges them, passes commands on. Belongs to
// gRPC and to itself until OnDone(). Thread-safe: reads and writes end on threads of gRPC, commands
// come from any.
class WorkerReactor : public grpc::ServerBidiReactor<v1::WorkerMessage, v1::ServerMessage>,
                      public WorkerLink,
                      public std::enable_shared_from_this<WorkerReactor> {
 public:
  // `jobs` must outlive the call.
  static grpc::ServerBidiReactor<v1::WorkerMessage, v1::ServerMessage>* Begin(JobManager& jobs);

  void SendCommand(const v1::Command& command) override;
  void Close(const absl::Status& status) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override { self_.reset(); }

 private:
  explicit WorkerReactor(JobManager& jobs) : jobs_(jobs) {}

  absl::Status HandleMessage(v1::WorkerMessage message);
  absl::Status Welcome(const v1::Hello& hello);
  void Acknowledge(int64_t sequence);
  void Send(v1::ServerMessage message);
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  JobManager& jobs_;
  std::shared_ptr<WorkerReactor> self_;  // until OnDone()
  // Only touched by reads, of which there is one at a time.
  std::shared_ptr<ActiveJob> job_;  // null before Hello
  v1::WorkerMessage incoming_;

  absl::Mutex mutex_;
  std::deque<v1::ServerMessage> outgoing_ ABSL_GUARDED_BY(mutex_);  // the first is being written
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  // The end of the call, as soon as no write is under way.
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_WORKER_REACTOR_H_
