#include "engine/base/clock.h"

#include <ctime>

namespace kur {
namespace {

absl::Duration Read(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return absl::DurationFromTimespec(time);
}

}  // namespace

absl::Duration Uptime() { return Read(CLOCK_BOOTTIME); }

absl::Duration ProcessorTime() { return Read(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace kur
