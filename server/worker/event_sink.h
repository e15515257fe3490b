#ifndef KUR_SERVER_WORKER_EVENT_SINK_H_
#define KUR_SERVER_WORKER_EVENT_SINK_H_

#include "absl/status/status.h"
#include "kur/v1/event.pb.h"

namespace kur::worker {

// Where a worker's events go. Calls may come from several threads, one at a time.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // Adds an event behind those before it.
  virtual absl::Status Add(v1::Event event) = 0;
  // Passes on what it holds back, where it does.
  virtual absl::Status Flush() { return absl::OkStatus(); }
  // Makes what was added survive a loss of power, where it is kept at all.
  virtual absl::Status Sync() = 0;
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_EVENT_SINK_H_
