// Kernels of our own use the threads that torch has.

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

namespace kur {
namespace {

TEST(ThreadsTest, ALoopIsSharedByAsManyThreadsAsTorchHas) {
#if KUR_WITHOUT_OPENMP
  GTEST_SKIP() << "built without OpenMP, which this compiler or sanitizer does not have";
#endif
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::set<int> numbers;
  std::atomic<int> arrived{0};
  at::parallel_for(0, 2, 1, [&](int64_t, int64_t) {
    // Both parts wait for each other: one thread alone would never get to the second.
    ++arrived;
    for (int i = 0; i < 20000 && arrived < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const std::lock_guard<std::mutex> lock(mutex);
    threads.insert(std::this_thread::get_id());
    numbers.insert(at::get_thread_num());
  });
  at::set_num_threads(before);
  EXPECT_EQ(threads.size(), 2U);
  EXPECT_THAT(numbers, ::testing::ElementsAre(0, 1));
}

}  // namespace
}  // namespace kur
