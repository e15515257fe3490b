#ifndef KUR_SERVER_EVENTS_EVENT_LOG_H_
#define KUR_SERVER_EVENTS_EVENT_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/file_system.h"
#include "engine/base/record_log.h"
#include "kur/v1/event.pb.h"
#include "server/events/event_dispatcher.h"

namespace kur::server {

// Where a reader stands in a log. All that a watcher owns: there is no queue for it.
struct EventCursor {
  int64_t number = 1;            // of the next event
  int64_t offset = 0;            // where its search begins; at or before the event
  int64_t number_at_offset = 1;  // the number of the event that stands at `offset`
};

// The events of one job: an append-only file of serialized kur.v1.Event records, numbered from 1
// without gaps. Nobody sees an event before it is durable. Thread-safe.
class EventLog {
 public:
  // Opens or creates the file; its directory must exist. A torn last record is cut off. `visit`, if
  // not null, is called with every event that is there, in order. `dispatcher` must outlive the
  // log.
  static absl::StatusOr<std::shared_ptr<EventLog>> Open(
      FileSystem& files, const std::string& path, EventDispatcher& dispatcher,
      const std::function<void(const v1::Event&)>& visit = nullptr);

  // Numbers the events, makes them durable, and wakes the listeners. RESOURCE_EXHAUSTED when the
  // disk is full: nothing was appended, and the call can be repeated. After a failed
  // synchronization every later call answers UNAVAILABLE.
  absl::Status Append(std::vector<v1::Event> events);

  // The cursor of the first event to read from `number` (at least 1).
  EventCursor CursorAt(int64_t number) const;

  // Reads the next event and moves the cursor past it. False: none yet.
  absl::StatusOr<bool> Read(EventCursor* cursor, v1::Event* event) const;

  // Calls the listener after every Append() from now on, for as long as it exists.
  void AddListener(std::weak_ptr<EventListener> listener);

  // The number of the newest event; 0 when there is none.
  int64_t last_number() const;
  // The highest worker_sequence of the log; 0 when no worker has reported.
  int64_t last_worker_sequence() const;
  // True once the event of a final state is there: no other comes after it.
  bool ended() const;

 private:
  static constexpr int64_t kIndexStride = 64;

  EventLog(FileSystem& files, std::string path, EventDispatcher& dispatcher)
      : files_(files),
        path_(std::move(path)),
        dispatcher_(dispatcher),
        listeners_(std::make_shared<EventListeners>()) {}

  // Reads the whole file.
  absl::Status Scan(const std::function<void(const v1::Event&)>& visit);
  absl::Status AppendLocked(std::vector<v1::Event>* events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WriteAll(const std::vector<v1::Event>& events, std::vector<int64_t>* offsets)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes note of an event that is durable at `offset`.
  void RecordDurable(const v1::Event& event, int64_t offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FileSystem& files_;
  const std::string path_;
  EventDispatcher& dispatcher_;
  const std::shared_ptr<EventListeners> listeners_;
  // Set once by Open(), then only read.
  std::unique_ptr<RecordLogReader> reader_;

  mutable absl::Mutex mutex_;
  // Null after a failed write, until it is opened anew.
  std::unique_ptr<RecordLogWriter> writer_ ABSL_GUARDED_BY(mutex_);
  int64_t durable_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t last_worker_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  // index_[i] is the offset of event 1 + i * kIndexStride.
  std::vector<int64_t> index_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_EVENTS_EVENT_LOG_H_
