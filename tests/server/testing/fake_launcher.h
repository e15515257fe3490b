#ifndef KUR_TESTS_SERVER_TESTING_FAKE_LAUNCHER_H_
#define KUR_TESTS_SERVER_TESTING_FAKE_LAUNCHER_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "server/launcher/launcher.h"

namespace kur::server {

// Starts no processes: a test says when a "worker" ends. Outlives the managers that use it, as
// processes do. Thread-safe.
class FakeLauncher : public Launcher {
 public:
  absl::StatusOr<WorkerHandle> Launch(const LaunchRequest& request, ExitCallback on_exit) override {
    WorkerHandle worker;
    std::optional<WorkerExit> ends_at_once;
    {
      absl::MutexLock lock(&mutex_);
      is_held_ = !may_launch_;
      mutex_.Await(absl::Condition(&may_launch_));
      if (!launch_error_.ok()) return launch_error_;
      launches_.push_back(request);
      worker.text = absl::StrCat(next_pid_++);
      alive_[request.job] = worker;
      directories_[request.run_directory] = worker;
      callbacks_[request.job] = std::move(on_exit);
      ends_at_once = ends_at_once_;
    }
    if (ends_at_once.has_value()) End(request.job, *ends_at_once);
    return worker;
  }

  absl::StatusOr<std::optional<WorkerExit>> Adopt(const std::string& job,
                                                  const std::string& run_directory,
                                                  const WorkerHandle& worker,
                                                  ExitCallback on_exit) override {
    absl::MutexLock lock(&mutex_);
    const auto alive = alive_.find(job);
    if (alive == alive_.end() || alive->second.text != worker.text) {
      WorkerExit exit;
      exit.host_restarted = host_restarted_;
      return exit;
    }
    const auto started_in = directories_.find(run_directory);
    if (started_in == directories_.end() || started_in->second.text != worker.text) {
      WorkerExit exit;
      exit.is_of_original = true;
      return exit;
    }
    adopted_.insert(job);
    callbacks_[job] = std::move(on_exit);
    return std::optional<WorkerExit>();
  }

  std::optional<WorkerHandle> Find(const std::string& run_directory) override {
    absl::MutexLock lock(&mutex_);
    const auto found = directories_.find(run_directory);
    if (found == directories_.end()) return std::nullopt;
    return found->second;
  }

  int64_t ProcessId(const WorkerHandle& worker) const override {
    int64_t pid = 0;
    return absl::SimpleAtoi(worker.text, &pid) ? pid : 0;
  }

  absl::Status Signal(const std::string& job, int signal) override {
    absl::MutexLock lock(&mutex_);
    if (alive_.count(job) == 0) return absl::NotFoundError("gone");
    signals_.emplace_back(job, signal);
    return absl::OkStatus();
  }

  // The job's worker ends; whoever watches it is told.
  void End(const std::string& job, const WorkerExit& exit) {
    ExitCallback callback;
    {
      absl::MutexLock lock(&mutex_);
      for (auto entry = directories_.begin(); entry != directories_.end();) {
        const auto current = entry++;
        if (current->second.text == alive_[job].text) directories_.erase(current);
      }
      alive_.erase(job);
      callback = std::move(callbacks_[job]);
      callbacks_.erase(job);
    }
    if (callback) callback(job, exit);
  }

  // Nobody watches any more, as when kurd dies.
  void ForgetWatchers() {
    absl::MutexLock lock(&mutex_);
    callbacks_.clear();
    adopted_.clear();
  }

  void FailLaunches(absl::Status error) {
    absl::MutexLock lock(&mutex_);
    launch_error_ = std::move(error);
  }

  // Blocks until a launch has begun that AllowLaunches() keeps from its end.
  void AwaitHeldLaunch() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&is_held_));
  }

  // From now on launching takes until it is called with true again.
  void AllowLaunches(bool allowed) {
    absl::MutexLock lock(&mutex_);
    may_launch_ = allowed;
  }

  // From now on a worker ends before its launch is over.
  void EndAtOnce(const WorkerExit& exit) {
    absl::MutexLock lock(&mutex_);
    ends_at_once_ = exit;
  }

  // The machine has been restarted: every worker is gone with it.
  void RestartHost() {
    absl::MutexLock lock(&mutex_);
    host_restarted_ = true;
    alive_.clear();
    directories_.clear();
  }

  std::vector<LaunchRequest> launches() const {
    absl::MutexLock lock(&mutex_);
    return launches_;
  }
  // The process id of the job's worker; 0 when none runs.
  int64_t PidOf(const std::string& job) const {
    absl::MutexLock lock(&mutex_);
    const auto alive = alive_.find(job);
    return alive == alive_.end() ? 0 : ProcessId(alive->second);
  }
  std::set<std::string> adopted() const {
    absl::MutexLock lock(&mutex_);
    return adopted_;
  }
  std::vector<std::pair<std::string, int>> signals() const {
    absl::MutexLock lock(&mutex_);
    return signals_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<LaunchRequest> launches_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, WorkerHandle> alive_ ABSL_GUARDED_BY(mutex_);        // by job
  std::map<std::string, WorkerHandle> directories_ ABSL_GUARDED_BY(mutex_);  // by run directory
  bool may_launch_ ABSL_GUARDED_BY(mutex_) = true;
  bool is_held_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<WorkerExit> ends_at_once_ ABSL_GUARDED_BY(mutex_);
  bool host_restarted_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, ExitCallback> callbacks_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> adopted_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<std::string, int>> signals_ ABSL_GUARDED_BY(mutex_);
  absl::Status launch_error_ ABSL_GUARDED_BY(mutex_);
  int64_t next_pid_ ABSL_GUARDED_BY(mutex_) = 1000;
};

inline WorkerExit KilledBy(int signal) {
  WorkerExit exit;
  exit.known = true;
  exit.signal = signal;
  return exit;
}

inline WorkerExit ExitedWith(int code) {
  WorkerExit exit;
  exit.known = true;
  exit.exit_code = code;
  return exit;
}

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_FAKE_LAUNCHER_H_
