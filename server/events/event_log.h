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

// The position of a reader in a log. The only state of a reader: there is no queue.
struct EventCursor {
  int64_t number = 1;            // of the next event to read
  int64_t offset = 0;            // where the search for the event begins; at or before the event
  int64_t number_at_offset = 1;  // the number of the event at `offset`
};

// The events of one job: an append-only file of serialized kur.v1.Event records, numbered from 1
// without gaps. Readers see an event only once the event is durable. Thread-safe.
class EventLog {
 public:
  // Opens or creates the file, whose directory must exist. Cuts off a torn last record. Calls
  // `visit`, if not null, with every event in order. Returns DATA_LOSS with the offset of a damaged
  // event. `files` and `dispatcher` must outlive the log.
  static absl::StatusOr<std::shared_ptr<EventLog>> Open(
      FileSystem& files, const std::string& path, EventDispatcher& dispatcher,
      const std::function<void(const v1::Event&)>& visit = nullptr);

  // Numbers the events, makes them durable, and notifies the listeners. Returns RESOURCE_EXHAUSTED
  // on a full disk: nothing was appended, and the call can be repeated. Returns UNAVAILABLE from
  // the first failed synchronization on.
  absl::Status Append(std::vector<v1::Event> events);

  // Returns the cursor of a reader that begins with event `number`.
  EventCursor CursorAt(int64_t number) const;

  // Reads the next event and advances the cursor. Returns false if the event does not exist yet.
  absl::StatusOr<bool> Read(EventCursor* cursor, v1::Event* event) const;

  // Calls the listener after every later Append(), until the listener is destroyed.
  void AddListener(std::weak_ptr<EventListener> listener);

  // Returns the number of the newest event; 0 if there is none.
  int64_t last_number() const;
  // Returns the highest worker_sequence of the log; 0 if no worker has reported.
  int64_t last_worker_sequence() const;
  // Returns whether the log has the event of a final state, which is the last event.
  bool ended() const;

 private:
  static constexpr int64_t kIndexStride = 64;

  EventLog(FileSystem& files, std::string path, EventDispatcher& dispatcher)
      : files_(files),
        path_(std::move(path)),
        dispatcher_(dispatcher),
        listeners_(std::make_shared<EventListeners>()) {}

  // Reads the whole file and builds the index.
  absl::Status Scan(const std::function<void(const v1::Event&)>& visit);
  absl::Status AppendLocked(std::vector<v1::Event>* events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WriteAll(const std::vector<v1::Event>& events, std::vector<int64_t>* offsets)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Records an event that is durable at `offset`.
  void RecordDurable(const v1::Event& event, int64_t offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FileSystem& files_;
  const std::string path_;
  EventDispatcher& dispatcher_;
  const std::shared_ptr<EventListeners> listeners_;
  // Set by Open(), immutable afterwards.
  std::unique_ptr<RecordLogReader> reader_;

  mutable absl::Mutex mutex_;
  // Null after a failed write; the next Append() opens the file again.
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
