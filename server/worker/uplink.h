#ifndef KUR_SERVER_WORKER_UPLINK_H_
#define KUR_SERVER_WORKER_UPLINK_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/timed_condition.h"
#include "engine/base/unique_fd.h"
#include "grpcpp/client_context.h"
#include "kur/v1/worker.grpc.pb.h"
#include "server/worker/control.h"
#include "server/worker/spool.h"

namespace kur::worker {

// Brings the spool's events to kurd and its commands to the run, on threads of its own. While kurd
// is away it tries again and again; the run never waits for it. Thread-safe.
class Uplink {
 public:
  struct Options {
    // Returns a new connection to kurd. Called by a thread of the uplink.
    std::function<absl::StatusOr<UniqueFd>()> connect;
    std::string job;
    std::string secret;
    int attempt = 0;               // counts the workers that the job has had, this one included
    std::string run_directory_id;  // as kurd gave it
  };

  // `spool` and `control` are borrowed and must outlive the uplink. Starts at once.
  Uplink(Options options, Spool* spool, Control* control);
  // Stops.
  ~Uplink();

  // Returns true while kurd is connected and has answered.
  bool connected() const;

  // Ends the connection and the threads; blocks until they have ended.
  void Stop();

 private:
  using Stream = grpc::ClientReaderWriter<v1::WorkerMessage, v1::ServerMessage>;

  void Run();
  // Keeps one connection, from Hello to its end. Sets `*welcomed` if kurd has answered.
  grpc::Status Connect(bool* welcomed);
  void SendEvents(Stream* stream, int64_t sent);
  // Says that this process is alive until the connection ends: on a thread of its own, because
  // reading events may wait for the disk.
  void SendHeartbeats(Stream* stream);
  bool Send(Stream* stream, const v1::WorkerMessage& message) ABSL_LOCKS_EXCLUDED(write_mutex_);
  void ReceiveMessages(Stream* stream);
  void SetConnected(bool connected);
  bool HasEnded() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_ || !connected_; }
  // Blocks for `timeout`, or until the connection has ended; returns whether it has.
  bool AwaitEnd(absl::Duration timeout);
  bool IsRunning() const;
  // Blocks for `duration`, or until stopped.
  void Pause(absl::Duration duration);

  const Options options_;
  Spool* const spool_;
  Control* const control_;

  absl::Mutex write_mutex_;  // held while a message is written
  mutable absl::Mutex mutex_;
  TimedCondition changed_;  // `stopped_` or `connected_` has
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;  // of the open stream
  std::thread thread_;
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_UPLINK_H_
