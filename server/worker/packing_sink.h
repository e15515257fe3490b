#ifndef KUR_SERVER_WORKER_PACKING_SINK_H_
#define KUR_SERVER_WORKER_PACKING_SINK_H_

#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/timed_condition.h"
#include "kur/v1/event.pb.h"
#include "server/worker/event_sink.h"

namespace kur::worker {

// Merges the events of epochs that are shorter than a second, as event.proto says: holds them back
// until a thread of its own passes them on, twice a second, or until anything else is added. Stamps
// what it holds. Thread-safe.
class PackingSink : public EventSink {
 public:
  // How often whole epochs are passed on. What is there of an epoch is passed on the next time.
  static constexpr absl::Duration kInterval = absl::Milliseconds(500);

  // `next` must outlive the sink; tests set the rest.
  explicit PackingSink(EventSink* next, absl::Duration interval = kInterval,
                       std::function<absl::Duration()> uptime = Uptime);
  // Drops what it holds: call Flush() before.
  ~PackingSink() override;

  // Returns the first error of `next` that has come up to then; so do the other calls.
  absl::Status Add(v1::Event event) override;
  absl::Status Flush() override;
  absl::Status Sync() override;

  // What the thread does at every interval.
  void Tick();

 private:
  void Run();
  bool HasStopped() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_; }
  void NoteEpoch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Hold(v1::Event event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Passes on the first `count` events that it holds.
  void PassOn(size_t count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  EventSink* const next_;
  const absl::Duration interval_;
  const std::function<absl::Duration()> uptime_;

  absl::Mutex mutex_;
  TimedCondition changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Event> held_ ABSL_GUARDED_BY(mutex_);
  size_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Where the epoch at work begins in `held_`, and whether it was there at the last Tick().
  size_t epoch_begin_ ABSL_GUARDED_BY(mutex_) = 0;
  bool epoch_has_waited_ ABSL_GUARDED_BY(mutex_) = false;
  // The epoch before the one at work was shorter than a second.
  bool is_fast_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration epoch_started_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  std::thread thread_;
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_PACKING_SINK_H_
