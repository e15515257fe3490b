#ifndef KUR_SERVER_NET_TASK_POOL_H_
#define KUR_SERVER_NET_TASK_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace kur::server {

// Runs tasks that would block the threads of gRPC or of the scheduler: having Kurfiles evaluated,
// hashing and syncing large files, starting workers. Users take turns: however much one asks for,
// another's first task waits for no more than the tasks that run. The destructor waits until all
// added tasks have run. Thread-safe.
class TaskPool {
 public:
  struct Limits {
    int threads = 1;
    int running_per_user = 1;    // fewer than `threads`, so that nobody keeps all of them
    size_t queued = 1;           // tasks that wait for a thread
    size_t queued_per_user = 1;  // of these
  };

  explicit TaskPool(const Limits& limits);
  ~TaskPool();

  // Queues a task of a user. Returns false, and drops the task, if too many wait: the caller
  // answers RESOURCE_EXHAUSTED.
  [[nodiscard]] bool TryAdd(const std::string& user, std::function<void()> task);

 private:
  struct UserTasks {
    std::deque<std::function<void()>> queued;
    int running = 0;
  };

  void Run();
  void TakeTurnIfReady(const std::string& user, const UserTasks& tasks)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MustWake() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !turns_.empty() || (stopping_ && queued_ == 0);
  }

  const Limits limits_;
  absl::Mutex mutex_;
  // Those who have a task that waits or runs.
  std::map<std::string, UserTasks> users_ ABSL_GUARDED_BY(mutex_);
  // Those who have a task that may run now, each once, in the order of their turns.
  std::deque<std::string> turns_ ABSL_GUARDED_BY(mutex_);
  size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_NET_TASK_POOL_H_
