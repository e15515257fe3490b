#ifndef KUR_SERVER_API_WATCH_REACTOR_H_
#define KUR_SERVER_API_WATCH_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "kur/v1/event.pb.h"
#include "kur/v1/kur.pb.h"
#include "server/api/admission.h"
#include "server/events/event_log.h"
#include "server/metrics/metrics.h"
#include "server/net/task_pool.h"

namespace kur::server {

// What the watches of a server share. Thread-safe.
class Watches {
 public:
  explicit Watches(Metrics& metrics) : metrics_(metrics) {}

  void OnStart(std::weak_ptr<EventListener> watch);
  void OnEnd() { metrics_.OnWatchEnd(); }

  // Ends every watch, and every later one, with UNAVAILABLE.
  void Stop();
  bool stopping() const { return stopping_; }

 private:
  Metrics& metrics_;
  EventListeners all_;
  std::atomic<bool> stopping_{false};
};

// One call of WatchEvents. Owns a place in the log and one event that is being sent, nothing else:
// a client that reads slowly is simply behind. Belongs to gRPC and to itself until OnDone().
// Ends when the caller's token is revoked. Thread-safe: events arrive on the thread of the
// dispatcher, the rest on threads of gRPC.
class WatchReactor : public grpc::ServerWriteReactor<v1::Event>,
                     public EventListener,
                     public TokenListener,
                     public std::enable_shared_from_this<WatchReactor> {
 public:
  using OpenLog = std::function<absl::StatusOr<std::shared_ptr<EventLog>>(const Caller& caller)>;

  // Begins with the event that `request` asks for, in the log that `open` returns: called on a
  // thread of `pool`, maybe after the call has ended, because a log may have to be read first.
  // `watches` must outlive the call.
  static grpc::ServerWriteReactor<v1::Event>* Begin(Admission admission,
                                                    const v1::WatchEventsRequest& request,
                                                    const OpenLog& open, TaskPool& pool,
                                                    Watches& watches);

  void OnEvents() override { Pump(); }
  void OnTokensReplaced() override { Pump(); }
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchReactor(Admission admission, const v1::WatchEventsRequest& request, Watches& watches)
      : admission_(std::move(admission)),
        from_(request.from()),
        follow_(request.follow()),
        watches_(watches) {}

  bool IsOver();
  void OnOpened(absl::StatusOr<std::shared_ptr<EventLog>> log);
  // Sends the next event unless one is under way; ends the call when nothing is to come.
  void Pump();
  void FinishOnce(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Admission admission_;
  const int64_t from_;
  const bool follow_;
  Watches& watches_;
  std::shared_ptr<WatchReactor> self_;  // until OnDone()

  absl::Mutex mutex_;
  std::shared_ptr<EventLog> log_ ABSL_GUARDED_BY(mutex_);  // null until it is open
  EventCursor cursor_ ABSL_GUARDED_BY(mutex_);
  v1::Event event_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_WATCH_REACTOR_H_
