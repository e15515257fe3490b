#ifndef KUR_SERVER_JOBS_WORKER_ENDING_H_
#define KUR_SERVER_JOBS_WORKER_ENDING_H_

#include <csignal>
#include <string>
#include <utility>

#include "absl/time/time.h"

namespace kur::server {

// When a worker that is to end is sent which signal. Times are uptimes. Not thread-safe.
class WorkerEnding {
 public:
  // Has SIGTERM sent at `at`, and SIGKILL later, unless a signal is scheduled already.
  void Request(absl::Duration at) {
    if (!is_scheduled()) due_ = at;
  }

  // Has SIGKILL sent as soon as possible. `reason` ends "the worker was killed because";
  // `is_final`: starting it again would not help.
  void Kill(std::string reason, bool is_final = false) {
    due_ = -absl::InfiniteDuration();
    signal_ = SIGKILL;
    kill_reason_ = std::move(reason);
    kill_is_final_ = is_final;
  }

  bool is_scheduled() const { return due_ != absl::InfiniteDuration(); }
  absl::Duration due() const { return due_; }
  // Why kurd kills the worker; empty if a person wants it to end, or nobody does.
  const std::string& kill_reason() const { return kill_reason_; }
  bool kill_is_final() const { return kill_is_final_; }

  // Returns the signal that is due; 0 if none is. The next is due `grace` later.
  int TakeDue(absl::Duration now, absl::Duration grace) {
    if (now < due_) return 0;
    due_ = now + grace;
    return std::exchange(signal_, SIGKILL);
  }

 private:
  absl::Duration due_ = absl::InfiniteDuration();
  int signal_ = SIGTERM;
  std::string kill_reason_;
  bool kill_is_final_ = false;
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_WORKER_ENDING_H_
