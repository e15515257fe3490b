#ifndef KUR_ENGINE_BASE_TIMED_CONDITION_H_
#define KUR_ENGINE_BASE_TIMED_CONDITION_H_

#include <algorithm>
#include <condition_variable>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"

namespace kur {

// Lets threads wait, with a timeout, for what an absl::Mutex guards. The timeouts of absl::Mutex
// follow the time of day: setting that back makes them longer. Thread-safe.
class TimedCondition {
 public:
  // To be called after every change that may end a wait.
  void NotifyAll() { condition_.notify_all(); }

  // Blocks until `holds` returns true or `timeout` has passed; returns what `holds` does then.
  // `holds` is called with `mutex` held.
  template <class Predicate>
  bool Await(absl::Mutex* mutex, absl::Duration timeout, Predicate holds)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const absl::Duration end = Uptime() + timeout;
    Lockable lockable{mutex};
    while (!holds()) {
      const absl::Duration left = end - Uptime();
      if (left <= absl::ZeroDuration()) return false;
      // The standard library waits by a clock that is not set, but overflows on long times.
      condition_.wait_for(lockable, absl::ToChronoNanoseconds(std::min(left, kLongestWait)));
    }
    return true;
  }

 private:
  static constexpr absl::Duration kLongestWait = absl::Hours(1);

  // absl::Mutex as the standard library wants it.
  struct Lockable {
    void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex->Lock(); }
    void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex->Unlock(); }
    absl::Mutex* mutex;
  };

  std::condition_variable_any condition_;
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_TIMED_CONDITION_H_
