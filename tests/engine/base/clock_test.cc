#include "engine/base/clock.h"

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

TEST(ClockTest, TheUptimeGoesOn) {
  const absl::Duration before = Uptime();
  EXPECT_GT(before, absl::ZeroDuration());
  absl::SleepFor(absl::Milliseconds(2));
  EXPECT_GE(Uptime() - before, absl::Milliseconds(2));
}

TEST(ClockTest, ProcessorTimeIsWhatIsComputed) {
  const absl::Duration before = ProcessorTime();
  while (ProcessorTime() - before < absl::Milliseconds(1)) {
  }
  const absl::Duration start = Uptime();
  const absl::Duration used = ProcessorTime();
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_LT(ProcessorTime() - used, Uptime() - start);
}

}  // namespace
}  // namespace kur
