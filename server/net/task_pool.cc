#include "server/net/task_pool.h"

#include <utility>

namespace kur::server {

TaskPool::TaskPool(const Limits& limits) : limits_(limits) {
  for (int i = 0; i < limits.threads; ++i) threads_.emplace_back([this] { Run(); });
}

TaskPool::~TaskPool() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

bool TaskPool::TryAdd(const std::string& user, std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  const auto known = users_.find(user);
  const size_t waiting = known == users_.end() ? 0 : known->second.queued.size();
  if (queued_ >= limits_.queued || waiting >= limits_.queued_per_user) return false;
  UserTasks& tasks = users_[user];
  tasks.queued.push_back(std::move(task));
  ++queued_;
  if (waiting == 0) TakeTurnIfReady(user, tasks);
  return true;
}

void TaskPool::TakeTurnIfReady(const std::string& user, const UserTasks& tasks) {
  if (!tasks.queued.empty() && tasks.running < limits_.running_per_user) turns_.push_back(user);
}

void TaskPool::Run() {
  while (true) {
    std::string user;
    std::function<void()> task;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &TaskPool::MustWake));
      if (turns_.empty()) return;
      user = std::move(turns_.front());
      turns_.pop_front();
      UserTasks& tasks = users_.at(user);
      task = std::move(tasks.queued.front());
      tasks.queued.pop_front();
      --queued_;
      ++tasks.running;
      TakeTurnIfReady(user, tasks);
    }
    task();
    absl::MutexLock lock(&mutex_);
    UserTasks& tasks = users_.at(user);
    // At the limit it had no turn, and has one again.
    const bool was_at_limit = tasks.running-- == limits_.running_per_user;
    if (was_at_limit) TakeTurnIfReady(user, tasks);
    if (tasks.running == 0 && tasks.queued.empty()) users_.erase(user);
  }
}

}  // namespace kur::server
