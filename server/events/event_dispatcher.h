#ifndef KUR_SERVER_EVENTS_EVENT_DISPATCHER_H_
#define KUR_SERVER_EVENTS_EVENT_DISPATCHER_H_

#include <memory>
#include <set>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/weak_list.h"

namespace kur::server {

// A follower of an event log. Implementations are thread-safe.
class EventListener {
 public:
  virtual ~EventListener() = default;
  // Called on the dispatcher's thread, without a lock held, after events were appended; possibly
  // for events that the listener has read. Must return quickly.
  virtual void OnEvents() = 0;
};

using EventListeners = WeakList<EventListener>;

// Calls listeners on a thread of its own, so that ten thousand listeners do not delay an append.
// Merges notifications that are not delivered yet. Thread-safe.
class EventDispatcher {
 public:
  EventDispatcher();
  // Drops notifications that are not delivered yet.
  ~EventDispatcher();

  // Schedules a call of every listener.
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
