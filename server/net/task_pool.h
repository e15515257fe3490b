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

// Runs tasks that would block the threads of gRPC or of the scheduler: reading Kurfiles, hashing
// and syncing large files, starting workers. The destructor waits until all added tasks have run.
// Thread-safe.
class TaskPool {
 public:
  // Starts `threads` threads. At most `max_queued` tasks wait for one of them.
  TaskPool(int threads, size_t max_queued);
  ~TaskPool();

  // Queues a task. Returns false, and drops the task, if the queue is full: the caller answers
  // RESOURCE_EXHAUSTED.
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
