#ifndef KUR_SERVER_WORKER_THINNING_SINK_H_
#define KUR_SERVER_WORKER_THINNING_SINK_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "kur/v1/event.pb.h"
#include "server/worker/event_sink.h"

namespace kur::worker {

// Leaves events out once a job has as many bytes of them as it may have, as event.proto says.
// Thread-safe.
class ThinningSink : public EventSink {
 public:
  // How often an epoch is kept that nothing else needs.
  static constexpr absl::Duration kEpochInterval = absl::Minutes(1);
  // How many bytes of log lines are kept.
  static constexpr int64_t kLogBytes = int64_t{1} << 20;

  struct Options {
    int64_t limit = 0;  // bytes; 0: none
    int64_t used = 0;   // by earlier attempts
    // Returns the bytes that this attempt has used.
    std::function<int64_t()> used_now = [] { return 0; };
    std::function<absl::Duration()> uptime = Uptime;
  };

  // `next` must outlive the sink.
  ThinningSink(EventSink* next, Options options);

  absl::Status Add(v1::Event event) override;
  // Passes the latest epoch on, which something may be that goes on from it.
  absl::Status Flush() override;
  absl::Status Sync() override;

 private:
  bool IsFull() const;
  absl::Status AddThinned(v1::Event event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status AddLine(v1::Event event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status BeginEpoch(v1::Event event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status PassEpochOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  EventSink* const next_;
  const Options options_;

  absl::Mutex mutex_;
  bool is_full_ ABSL_GUARDED_BY(mutex_);
  // What is there of the latest epoch, and when one was passed on last.
  std::vector<v1::Event> epoch_ ABSL_GUARDED_BY(mutex_);
  absl::Duration passed_on_ ABSL_GUARDED_BY(mutex_);
  int64_t log_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_THINNING_SINK_H_
