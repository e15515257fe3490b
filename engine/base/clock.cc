#include "engine/base/clock.h"

#include <ctime>

#include "absl/time/clock.h"

namespace kur {
namespace {

absl::Duration Read(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return absl::DurationFromTimespec(time);
}

}  // namespace

absl::Time TimeOfDay() { return absl::Now(); }

absl::Duration Uptime() { return Read(CLOCK_BOOTTIME); }

absl::Duration ProcessorTime() { return Read(CLOCK_PROCESS_CPUTIME_ID); }

std::chrono::system_clock::time_point DeadlineAfter(absl::Duration timeout) {
  return absl::ToChronoTime(TimeOfDay() + timeout);
}

}  // namespace kur
