#ifndef KUR_TESTS_SERVER_TESTING_FAKE_LAUNCHER_H_
#define KUR_TESTS_SERVER_TESTING_FAKE_LAUNCHER_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "server/launcher/launcher.h"

namespace kur::server {

// Starts no processes: a test says when a "worker" ends. Outlives the managers that use it, as
// processes do. Thread-safe.
class FakeLauncher : public Launcher {
 public:
  static constexpr char kBootId[] = "this-boot";

  absl::StatusOr<WorkerIdentity> Launch(const LaunchRequest& request,
                                        ExitCallback on_exit) override {
    absl::MutexLock lock(&mutex_);
    if (!launch_error_.ok()) return launch_error_;
    launches_.push_back(request);
    const WorkerIdentity identity = {next_pid_++, 1, kBootId};
    alive_[request.job] = identity;
    callbacks_[request.job] = std::move(on_exit);
    return identity;
  }

  absl::Status Adopt(const std::string& job, const WorkerIdentity& identity,
                     ExitCallback on_exit) override {
    absl::MutexLock lock(&mutex_);
    const auto alive = alive_.find(job);
    if (alive == alive_.end() || alive->second.pid != identity.pid) {
      return absl::NotFoundError("gone");
    }
    adopted_.insert(job);
    callbacks_[job] = std::move(on_exit);
    return absl::OkStatus();
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

  std::vector<LaunchRequest> launches() const {
    absl::MutexLock lock(&mutex_);
    return launches_;
  }
  // The process id of the job's worker; 0 when none runs.
  int64_t PidOf(const std::string& job) const {
    absl::MutexLock lock(&mutex_);
    const auto alive = alive_.find(job);
    return alive == alive_.end() ? 0 : alive->second.pid;
  }
  WorkerIdentity IdentityOf(const std::string& job) const {
    absl::MutexLock lock(&mutex_);
    return alive_.at(job);
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
  std::map<std::string, WorkerIdentity> alive_ ABSL_GUARDED_BY(mutex_);
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
