#ifndef KUR_ENGINE_BASE_WEAK_LIST_H_
#define KUR_ENGINE_BASE_WEAK_LIST_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace kur {

// Objects that are held by weak pointers: one is removed by destroying it. Thread-safe.
template <class T>
class WeakList {
 public:
  void Add(std::weak_ptr<T> object) {
    absl::MutexLock lock(&mutex_);
    // A list that nobody asks for would otherwise keep the pointers to destroyed objects.
    if (objects_.size() == objects_.capacity()) {
      std::vector<std::weak_ptr<T>> alive;
      for (auto& known : objects_) {
        if (!known.expired()) alive.push_back(std::move(known));
      }
      objects_ = std::move(alive);
      objects_.reserve(2 * objects_.size() + 1);
    }
    objects_.push_back(std::move(object));
  }

  // Returns the objects that still exist. Drops the others.
  std::vector<std::shared_ptr<T>> Alive() {
    std::vector<std::shared_ptr<T>> alive;
    absl::MutexLock lock(&mutex_);
    std::vector<std::weak_ptr<T>> remaining;
    for (auto& object : objects_) {
      auto locked = object.lock();
      if (locked == nullptr) continue;
      alive.push_back(std::move(locked));
      remaining.push_back(std::move(object));
    }
    objects_ = std::move(remaining);
    return alive;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::weak_ptr<T>> objects_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_WEAK_LIST_H_
