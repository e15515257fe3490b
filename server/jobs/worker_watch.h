#ifndef KUR_SERVER_JOBS_WORKER_WATCH_H_
#define KUR_SERVER_JOBS_WORKER_WATCH_H_

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace kur::server {

// How long a worker may be silent.
struct WatchLimits {
  // Without any sign of life. A worker gives one every few seconds on a thread of its own, however
  // long a batch takes.
  absl::Duration answer = absl::Seconds(60);
  // Without an event, that is a batch, a part of a download or of a pass over a set, or a line of
  // the log. Infinite: as long as it likes.
  absl::Duration report = absl::Minutes(30);
};

// What a watch makes of a worker.
enum class WorkerHealth {
  kFine,
  kUnresponsive,  // no sign of life: stopped, or stuck in the kernel
  kIdle,          // lives, but has neither reported anything nor used the processor
  kSilent,        // has reported nothing, but computes
};

// Judges by what is heard of a worker whether it is alive and at work. Only time in which kurd
// looked counts, so that a kurd that was stopped, or a machine that slept, accuses nobody. Not
// thread-safe.
class WorkerWatch {
 public:
  // How often to look at least: a longer time between two looks counts as this.
  static constexpr absl::Duration kLookInterval = absl::Seconds(5);

  explicit WorkerWatch(const WatchLimits& limits) : limits_(limits) {}

  // Begins with another worker.
  void Restart() { *this = WorkerWatch(limits_); }

  // The worker has given a sign of life.
  void OnHeard() { unheard_ = absl::ZeroDuration(); }
  // The worker lives and has used so much processor time since its start.
  void OnHeartbeat(absl::Duration processor_time);
  // The worker has reported what it has done.
  void OnEvents();

  // Counts the time since the last look, by an uptime, and judges.
  WorkerHealth Look(absl::Duration uptime);

  // Returns what people should know of a silent worker: "has not answered for 40 s"; else "".
  std::string Describe() const;

 private:
  bool IsIdle() const;

  WatchLimits limits_;
  std::optional<absl::Duration> last_look_;
  absl::Duration unheard_;                        // without a sign of life
  absl::Duration unreported_;                     // without an event
  std::optional<absl::Duration> processor_time_;  // absent until a worker has said
  absl::Duration processor_time_at_report_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_WORKER_WATCH_H_
