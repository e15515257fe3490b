#ifndef KUR_ENGINE_BASE_PARALLEL_FOR_H_
#define KUR_ENGINE_BASE_PARALLEL_FOR_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace kur {

// Calls work(i) for every i in [0, count) from at most `threads` threads. Blocks until all calls
// have returned. Precondition: `work` is thread-safe and throws nothing.
template <class Work>
void ParallelFor(int64_t count, int64_t threads, const Work& work) {
  std::atomic<int64_t> next{0};
  const auto loop = [&] {
    for (int64_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> others;
  for (int64_t i = 1; i < std::min(threads, count); ++i) others.emplace_back(loop);
  loop();
  for (std::thread& other : others) other.join();
}

}  // namespace kur

#endif  // KUR_ENGINE_BASE_PARALLEL_FOR_H_
