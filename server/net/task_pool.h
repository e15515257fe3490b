#ifndef KUR_SERVER_NET_TASK_POOL_H_
#define KUR_SERVER_NET_TASK_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace kur::server {

// A few threads for what would hold up the threads of gRPC: reading Kurfiles, hashing and syncing
// large files. Thread-safe. The destructor does all that was added.
class TaskPool {
 public:
  // At most `max_queued` tasks wait for a thread.
  TaskPool(int threads, size_t max_queued);
  ~TaskPool();

  // Returns false, and does not take the task, if too many are waiting.
  [[nodiscard]] bool TryAdd(std::function<void()> task);

 private:
  void Run();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !tasks_.empty();
  }

  const size_t max_queued_;
  absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_NET_TASK_POOL_H_
