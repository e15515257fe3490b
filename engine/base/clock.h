#ifndef KUR_ENGINE_BASE_CLOCK_H_
#define KUR_ENGINE_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace kur {

// Returns the time since the machine was started, time asleep included. Never goes back, whatever
// happens to the time of day: for deadlines and durations. Thread-safe.
absl::Duration Uptime();

// Returns the processor time that this process has used. Thread-safe.
absl::Duration ProcessorTime();

}  // namespace kur

#endif  // KUR_ENGINE_BASE_CLOCK_H_
