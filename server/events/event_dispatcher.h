#ifndef KUR_SERVER_EVENTS_EVENT_DISPATCHER_H_
#define KUR_SERVER_EVENTS_EVENT_DISPATCHER_H_

#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace kur::server {

// Someone who follows an event log. Called on the dispatcher's thread with no lock held, also for
// events that it has read already; it must return quickly.
class EventListener {
 public:
  virtual ~EventListener() = default;
  virtual void OnEvents() = 0;
};

// The listeners of one log. Thread-safe. Listeners are held weakly: one that is gone needs no
// farewell.
class EventListeners {
 public:
  void Add(std::weak_ptr<EventListener> listener);
  // Those that still exist; forgets the others.
  std::vector<std::shared_ptr<EventListener>> LiveListeners();

 private:
  absl::Mutex mutex_;
  std::vector<std::weak_ptr<EventListener>> listeners_ ABSL_GUARDED_BY(mutex_);
};

// Tells listeners that events are there, on a thread of its own, so that ten thousand of them never
// delay the one who appends. Notify-ups that have not been delivered yet are merged. Thread-safe.
class EventDispatcher {
 public:
  EventDispatcher();
  // Drops wake-ups that were not delivered.
  ~EventDispatcher();

  void Notify(std::shared_ptr<EventListeners> listeners);

 private:
  void Run();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !pending_.empty();
  }

  absl::Mutex mutex_;
  std::set<std::shared_ptr<EventListeners>> pending_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_EVENTS_EVENT_DISPATCHER_H_
