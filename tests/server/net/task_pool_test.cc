#include "server/net/task_pool.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace kur::server {
namespace {

TEST(TaskPoolTest, DoesEverythingThatItHasTaken) {
  std::atomic<int> done = 0;
  {
    TaskPool pool(2, /*max_queued=*/100);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.TryAdd([&] { ++done; }));
  }
  EXPECT_EQ(done, 50);
}

TEST(TaskPoolTest, RefusesMoreThanMayWait) {
  absl::Notification begun;
  absl::Notification release;
  std::atomic<int> done = 0;
  {
    TaskPool pool(1, /*max_queued=*/2);
    ASSERT_TRUE(pool.TryAdd([&] {
      begun.Notify();
      release.WaitForNotification();
      ++done;
    }));
    begun.WaitForNotification();
    EXPECT_TRUE(pool.TryAdd([&] { ++done; }));
    EXPECT_TRUE(pool.TryAdd([&] { ++done; }));
    EXPECT_FALSE(pool.TryAdd([&] { ++done; }));
    release.Notify();
  }
  EXPECT_EQ(done, 3);
}

}  // namespace
}  // namespace kur::server
