#ifndef KUR_ENGINE_BASE_PARALLEL_FOR_H_
#define KUR_ENGINE_BASE_PARALLEL_FOR_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace kur {

// Calls work(i) for every i in [0, count) from at most `threads` threads. Blocks until all calls
// have returned. What a call throws is thrown here, the first where several do; calls that have not
// begun by then are left out. Precondition: `work` is thread-safe.
template <class Work>
void ParallelFor(int64_t count, int64_t threads, const Work& work) {
  std::atomic<int64_t> next{0};
  std::exception_ptr thrown;
  std::once_flag first;
  const auto loop = [&] {
    try {
      for (int64_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      std::call_once(first, [&] { thrown = std::current_exception(); });
      next = count;
    }
  };
  std::vector<std::thread> others;
  // Fewer threads than wished for do the work as well.
  try {
    for (int64_t i = 1; i < std::min(threads, count); ++i) others.emplace_back(loop);
  } catch (const std::system_error&) {
  }
  loop();
  for (std::thread& other : others) other.join();
  if (thrown != nullptr) std::rethrow_exception(thrown);
}

}  // namespace kur

#endif  // KUR_ENGINE_BASE_PARALLEL_FOR_H_
