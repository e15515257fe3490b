#ifndef KUR_ENGINE_BASE_TIMED_CONDITION_H_
#define KUR_ENGINE_BASE_TIMED_CONDITION_H_

#include <condition_variable>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace kur {

// Lets threads wait, with a timeout, for what an absl::Mutex guards. The timeouts of absl::Mutex
// follow the time of day: setting that back makes them longer. Thread-safe.
class TimedCondition {
 public:
  // To be called after every change that may end a wait.
  void NotifyAll() { condition_.notify_all(); }

  // Blocks until `condition` is true or `timeout` has passed; returns whether it is true then.
  bool Await(absl::Mutex* mutex, const absl::Condition& condition, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 private:
  std::condition_variable_any condition_;
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_TIMED_CONDITION_H_
