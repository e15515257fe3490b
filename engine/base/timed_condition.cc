#include "engine/base/timed_condition.h"

#include <algorithm>

#include "engine/base/clock.h"

namespace kur {
namespace {

// The standard library overflows on long times.
constexpr absl::Duration kLongestWait = absl::Hours(1);

// absl::Mutex as the standard library wants it.
struct Lockable {
  void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex->Lock(); }
  void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex->Unlock(); }
  absl::Mutex* mutex;
};

}  // namespace

bool TimedCondition::Await(absl::Mutex* mutex, const absl::Condition& condition,
                           absl::Duration timeout) {
  const absl::Duration end = Uptime() + timeout;
  Lockable lockable{mutex};
  while (!condition.Eval()) {
    const absl::Duration left = end - Uptime();
    if (left <= absl::ZeroDuration()) return false;
    // By a clock that is not set.
    condition_.wait_for(lockable, absl::ToChronoNanoseconds(std::min(left, kLongestWait)));
  }
  return true;
}

}  // namespace kur
