#ifndef KUR_CLIENT_CLOCK_H_
#define KUR_CLIENT_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace kur::client {

// Time as kurctl sees it, so that tests need not wait. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() = 0;
  virtual void SleepFor(absl::Duration duration) = 0;
};

class SystemClock : public Clock {
 public:
  absl::Time Now() override { return absl::Now(); }
  void SleepFor(absl::Duration duration) override { absl::SleepFor(duration); }
};

}  // namespace kur::client

#endif  // KUR_CLIENT_CLOCK_H_
