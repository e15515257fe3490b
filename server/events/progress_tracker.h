#ifndef KUR_SERVER_EVENTS_PROGRESS_TRACKER_H_
#define KUR_SERVER_EVENTS_PROGRESS_TRACKER_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "kur/v1/event.pb.h"
#include "kur/v1/job.pb.h"
#include "server/events/event_mark.pb.h"

namespace kur::server {

// Derives from the events of a job how far it is: fed with every event in order, so that reading
// the log again gives the same answers. Not thread-safe.
class ProgressTracker {
 public:
  ProgressTracker() = default;
  // Goes on after the events that `summary` is of.
  explicit ProgressTracker(EventSummary summary) : summary_(std::move(summary)) {}

  void Add(const v1::Event& event);

  // Returns all that is known.
  const EventSummary& summary() const { return summary_; }

  // The latest that is known; nothing before the first report.
  std::optional<v1::Progress> progress() const;

  // The state and the attempt that the log has announced last; no state at first.
  std::optional<v1::JobState> announced_state() const;
  int announced_attempt() const { return summary_.announced_attempt(); }

  // The highest number of a command that the worker has done; 0 at first.
  int64_t last_command_done() const { return summary_.last_command_done(); }

  // True if the current attempt has saved more batches than every attempt before it: what was only
  // trained is lost with the worker.
  bool progressed() const { return summary_.progressed(); }
  // How many attempts in a row, the current one included, began since something more was saved.
  int attempts_without_progress() const { return summary_.attempts_without_progress(); }

 private:
  void AddState(const v1::StateChanged& change);
  void AddBatches(const v1::BatchLosses& losses);

  EventSummary summary_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_EVENTS_PROGRESS_TRACKER_H_
