#include "engine/base/timed_condition.h"

#include <thread>

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
    EXPECT_TRUE(changed.Await(&mutex, absl::InfiniteDuration(), [&] { return done; }));
  }
  other.join();
}

TEST(TimedConditionTest, GivesUpAfterTheTimeout) {
  absl::Mutex mutex;
  TimedCondition changed;
  const absl::MutexLock lock(&mutex);
  const absl::Duration start = Uptime();
  EXPECT_FALSE(changed.Await(&mutex, absl::Milliseconds(20), [] { return false; }));
  EXPECT_GE(Uptime() - start, absl::Milliseconds(20));
}

TEST(TimedConditionTest, DoesNotWaitForWhatIsSo) {
  absl::Mutex mutex;
  TimedCondition changed;
  const absl::MutexLock lock(&mutex);
  EXPECT_TRUE(changed.Await(&mutex, absl::InfiniteDuration(), [] { return true; }));
  EXPECT_FALSE(changed.Await(&mutex, -absl::InfiniteDuration(), [] { return false; }));
}

}  // namespace
}  // namespace kur
