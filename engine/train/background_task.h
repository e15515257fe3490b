#ifndef KUR_ENGINE_TRAIN_BACKGROUND_TASK_H_
#define KUR_ENGINE_TRAIN_BACKGROUND_TASK_H_

#include <exception>
#include <functional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace kur {

// A thread that does one piece of work at a time, for an owner that is one thread. The destructor
// waits for the work under way.
class BackgroundTask {
 public:
  BackgroundTask() : thread_([this] { Run(); }) {}
  ~BackgroundTask() {
    {
      const absl::MutexLock lock(&mutex_);
      ended_ = true;
    }
    thread_.join();
  }
  BackgroundTask(const BackgroundTask&) = delete;
  BackgroundTask& operator=(const BackgroundTask&) = delete;

  // Starts `work`. Precondition: no work is under way.
  void Start(std::function<void()> work) {
    const absl::MutexLock lock(&mutex_);
    work_ = std::move(work);
  }

  // Blocks until no work is under way. Throws what the last work has thrown, once.
  void Wait() {
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &BackgroundTask::Idle));
    if (thrown_ != nullptr) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

 private:
  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return work_ == nullptr; }
  bool HasToDo() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ended_ || work_ != nullptr; }

  void Run() {
    const absl::MutexLock lock(&mutex_);
    while (true) {
      mutex_.Await(absl::Condition(this, &BackgroundTask::HasToDo));
      if (work_ == nullptr) return;
      const std::function<void()>& work = work_;
      mutex_.Unlock();
      std::exception_ptr thrown;
      try {
        work();
      } catch (...) {
        thrown = std::current_exception();
      }
      mutex_.Lock();
      thrown_ = std::move(thrown);
      work_ = nullptr;
    }
  }

  absl::Mutex mutex_;
  std::function<void()> work_ ABSL_GUARDED_BY(mutex_);  // empty: nothing is being done
  std::exception_ptr thrown_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_BACKGROUND_TASK_H_
