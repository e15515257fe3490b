#ifndef KUR_ENGINE_BASE_CLOCK_H_
#define KUR_ENGINE_BASE_CLOCK_H_

#include <chrono>

#include "absl/time/time.h"

namespace kur {

// The clocks of the programs, read nowhere else. All functions are thread-safe.

// Returns the time of day. For people only: someone may set it, back or forth, at any moment.
absl::Time TimeOfDay();

// Returns the time since the machine was started, time asleep included. Never goes back, whatever
// happens to the time of day: for deadlines and durations.
absl::Duration Uptime();

// Returns the processor time that this process has used.
absl::Duration ProcessorTime();

// Returns the deadline for a call of gRPC, to be handed over at once: gRPC turns it into a time of
// a clock that is not set.
std::chrono::system_clock::time_point DeadlineAfter(absl::Duration timeout);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_CLOCK_H_
