#ifndef KUR_CLIENT_CLOCK_H_
#define KUR_CLIENT_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace kur::client {

// The source of time of kurctl; tests replace it so that nothing waits. Implementations are
// thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() = 0;
  virtual void SleepFor(absl::Duration duration) = 0;
};

// The clock of the machine. Thread-safe.
class SystemClock : public Clock {
 public:
  absl::Time Now() override { return absl::Now(); }
  void SleepFor(absl::Duration duration) override { absl::SleepFor(duration); }
};

}  // namespace kur::client

#endif  // KUR_CLIENT_CLOCK_H_
