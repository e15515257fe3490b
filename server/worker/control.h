#ifndef KUR_SERVER_WORKER_CONTROL_H_
#define KUR_SERVER_WORKER_CONTROL_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/train/run_control.h"

namespace kur::worker {

// What kurd and signals have asked of the run. Thread-safe.
class Control : public RunControl {
 public:
  // Asks the run to end. Safe in a signal handler.
  void Cancel() { cancelled_.store(true); }

  // Queues `command`. Ignores a command whose id, or a later one, is known already: kurd sends
  // commands again that it has seen no acknowledgement of.
  void Add(const RunCommand& command) ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes commands up to `id` known: an earlier process of the job has done them.
  void IgnoreUpTo(int64_t id) ABSL_LOCKS_EXCLUDED(mutex_);

  bool IsCancelled() const override { return cancelled_.load(); }
  std::optional<RunCommand> TakeCommand() override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::atomic<bool> cancelled_{false};
  absl::Mutex mutex_;
  std::deque<RunCommand> commands_ ABSL_GUARDED_BY(mutex_);
  int64_t last_known_id_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_CONTROL_H_
