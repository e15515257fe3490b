#include "server/events/event_dispatcher.h"

#include <utility>

namespace kur::server {

void EventListeners::Add(std::weak_ptr<EventListener> listener) {
  absl::MutexLock lock(&mutex_);
  // A log without events would otherwise keep the pointers to destroyed listeners.
  if (listeners_.size() == listeners_.capacity()) {
    std::vector<std::weak_ptr<EventListener>> alive;
    for (auto& known : listeners_) {
      if (!known.expired()) alive.push_back(std::move(known));
    }
    listeners_ = std::move(alive);
    listeners_.reserve(2 * listeners_.size() + 1);
  }
  listeners_.push_back(std::move(listener));
}

std::vector<std::shared_ptr<EventListener>> EventListeners::LiveListeners() {
  std::vector<std::shared_ptr<EventListener>> alive;
  absl::MutexLock lock(&mutex_);
  std::vector<std::weak_ptr<EventListener>> remaining;
  for (auto& listener : listeners_) {
    auto locked = listener.lock();
    if (locked == nullptr) continue;
    alive.push_back(std::move(locked));
    remaining.push_back(std::move(listener));
  }
  listeners_ = std::move(remaining);
  return alive;
}

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
      for (const auto& listener : listeners->LiveListeners()) listener->OnEvents();
    }
  }
}

}  // namespace kur::server
