#include "engine/base/timed_condition.h"

#include <thread>

#include "engine/base/clock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

TEST(TimedConditionTest, WaitsForWhatAnotherThreadDoes) {
  absl::Mutex mutex;
  TimedCondition changed;
  bool done = false;
  std::thread other([&] {
    const absl::MutexLock lock(&mutex);
    done = true;
    changed.NotifyAll();
  });
  {
    const absl::MutexLock lock(&mutex);
    EXPECT_TRUE(changed.Await(&mutex, absl::Condition(&done), absl::InfiniteDuration()));
  }
  other.join();
}

TEST(TimedConditionTest, GivesUpAfterTheTimeout) {
  absl::Mutex mutex;
  TimedCondition changed;
  const bool done = false;
  const absl::MutexLock lock(&mutex);
  const absl::Duration start = Uptime();
  EXPECT_FALSE(changed.Await(&mutex, absl::Condition(&done), absl::Milliseconds(20)));
  EXPECT_GE(Uptime() - start, absl::Milliseconds(20));
}

TEST(TimedConditionTest, DoesNotWaitForWhatIsSo) {
  absl::Mutex mutex;
  TimedCondition changed;
  const bool done = false;
  const absl::MutexLock lock(&mutex);
  EXPECT_TRUE(changed.Await(&mutex, absl::Condition::kTrue, absl::InfiniteDuration()));
  EXPECT_FALSE(changed.Await(&mutex, absl::Condition(&done), -absl::InfiniteDuration()));
}

}  // namespace
}  // namespace kur
