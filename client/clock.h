#ifndef KUR_CLIENT_CLOCK_H_
#define KUR_CLIENT_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"

namespace kur::client {

// The source of time of kurctl; tests replace it so that nothing waits. Implementations are
// thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() = 0;
  virtual void SleepFor(absl::Duration duration) = 0;
};

// The clock of the machine: the time of day when it was made and the time since then, so that
// setting the time of day disturbs no deadline. Thread-safe.
class SystemClock : public Clock {
 public:
  absl::Time Now() override { return start_ + (Uptime() - uptime_at_start_); }
  void SleepFor(absl::Duration duration) override { absl::SleepFor(duration); }

 private:
  const absl::Time start_ = TimeOfDay();
  const absl::Duration uptime_at_start_ = Uptime();
};

}  // namespace kur::client

#endif  // KUR_CLIENT_CLOCK_H_
