#ifndef KUR_SERVER_WORKER_UPLINK_H_
#define KUR_SERVER_WORKER_UPLINK_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
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
    int attempt = 0;  // counts the workers that the job has had, this one included
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
  void ReceiveMessages(Stream* stream);
  void SetConnected(bool connected);
  bool IsRunning() const;
  // Blocks for `duration`, or until stopped.
  void Pause(absl::Duration duration);

  const Options options_;
  Spool* const spool_;
  Control* const control_;

  mutable absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;  // of the open stream
  std::thread thread_;
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_UPLINK_H_
