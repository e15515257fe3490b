#include "server/events/event_dispatcher.h"

#include <utility>

namespace kur::server {

EventDispatcher::EventDispatcher() : thread_([this] { Run(); }) {}

EventDispatcher::~EventDispatcher() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void EventDispatcher::Notify(std::shared_ptr<EventListeners> listeners) {
  absl::MutexLock lock(&mutex_);
  pending_.insert(std::move(listeners));
}

void EventDispatcher::Run() {
  while (true) {
    std::set<std::shared_ptr<EventListeners>> notified;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &EventDispatcher::HasWork));
      if (stopping_) return;
      notified.swap(pending_);
    }
    for (const auto& listeners : notified) {
      for (const auto& listener : listeners->Alive()) listener->OnEvents();
    }
  }
}

}  // namespace kur::server
