#include "server/net/task_pool.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace kur::server {
namespace {

TaskPool::Limits Limits(int threads, int running_per_user, size_t queued, size_t queued_per_user) {
  return {threads, running_per_user, queued, queued_per_user};
}

TEST(TaskPoolTest, DoesEverythingThatItHasTaken) {
  std::atomic<int> done = 0;
  {
    TaskPool pool(Limits(2, 1, 100, 50));
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(pool.TryAdd("ann", [&] { ++done; }));
      ASSERT_TRUE(pool.TryAdd("bob", [&] { ++done; }));
    }
  }
  EXPECT_EQ(done, 100);
}

TEST(TaskPoolTest, RefusesMoreThanMayWait) {
  absl::Notification begun;
  absl::Notification release;
  std::atomic<int> done = 0;
  {
    TaskPool pool(Limits(1, 1, 3, 2));
    ASSERT_TRUE(pool.TryAdd("ann", [&] {
      begun.Notify();
      release.WaitForNotification();
      ++done;
    }));
    begun.WaitForNotification();
    EXPECT_TRUE(pool.TryAdd("ann", [&] { ++done; }));
    EXPECT_TRUE(pool.TryAdd("ann", [&] { ++done; }));
    EXPECT_FALSE(pool.TryAdd("ann", [&] { ++done; }));
    EXPECT_TRUE(pool.TryAdd("bob", [&] { ++done; }));
    EXPECT_FALSE(pool.TryAdd("bob", [&] { ++done; }));
    release.Notify();
  }
  EXPECT_EQ(done, 4);
}

TEST(TaskPoolTest, AUserHasNoMoreThreadsThanHisShare) {
  absl::Notification release;
  absl::Notification other_ran;
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  TaskPool pool(Limits(4, 2, 100, 100));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(pool.TryAdd("ann", [&] {
      const int now = ++running;
      most = std::max<int>(most, now);
      release.WaitForNotification();
      --running;
    }));
  }
  // Would wait for ever if ann had all threads.
  ASSERT_TRUE(pool.TryAdd("bob", [&] { other_ran.Notify(); }));
  other_ran.WaitForNotification();
  release.Notify();
  absl::Notification last_ran;
  ASSERT_TRUE(pool.TryAdd("ann", [&] { last_ran.Notify(); }));
  last_ran.WaitForNotification();
  EXPECT_LE(most, 2);
}

TEST(TaskPoolTest, UsersTakeTurns) {
  absl::Notification begun;
  absl::Notification release;
  std::string order;
  {
    TaskPool pool(Limits(1, 1, 100, 100));
    ASSERT_TRUE(pool.TryAdd("ann", [&] {
      begun.Notify();
      release.WaitForNotification();
    }));
    begun.WaitForNotification();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.TryAdd("ann", [&] { order += 'a'; }));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.TryAdd("bob", [&] { order += 'b'; }));
    release.Notify();
  }
  EXPECT_EQ(order, "bababa");
}

}  // namespace
}  // namespace kur::server
