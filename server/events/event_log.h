#ifndef KUR_SERVER_EVENTS_EVENT_LOG_H_
#define KUR_SERVER_EVENTS_EVENT_LOG_H_

#include <cstdint>
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
#include "server/events/event_index.h"
#include "server/events/progress_tracker.h"

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
  // What becomes of damage that is found when a log is opened.
  enum class Damage {
    // Of a job that goes on: it is set aside, with all that follows it, and the log goes on before
    // it. What a crash has left at the end is cut off.
    kSetAside,
    // Of a job that has ended: the file stays as it is. The events before the damage can be read,
    // then damage() is returned.
    kKeep,
  };

  // Opens or creates the file, whose directory must exist. Reads what comes after the last mark of
  // the index beside the file: everything, if there is none. `files` and `dispatcher` must outlive
  // the log.
  static absl::StatusOr<std::shared_ptr<EventLog>> Open(FileSystem& files, const std::string& path,
                                                        EventDispatcher& dispatcher,
                                                        Damage damage = Damage::kSetAside);

  // Numbers the events, makes them durable, and notifies the listeners. Returns RESOURCE_EXHAUSTED
  // on a full disk: nothing was appended, and the call can be repeated. Returns UNAVAILABLE from
  // the first failed synchronization on, and damage() if there is some.
  absl::Status Append(std::vector<v1::Event> events);

  // Returns the cursor of a reader that begins with event `number`.
  EventCursor CursorAt(int64_t number) const;

  // Reads the next event and advances the cursor. Returns false if the event does not exist yet,
  // DATA_LOSS if it is damaged, or lies behind damage().
  absl::StatusOr<bool> Read(EventCursor* cursor, v1::Event* event) const;

  // Calls the listener after every later Append(), until the listener is destroyed.
  void AddListener(std::weak_ptr<EventListener> listener);

  // Returns the number of the newest event; 0 if there is none.
  int64_t last_number() const;
  // Returns the highest worker_sequence of the log; 0 if no worker has reported.
  int64_t last_worker_sequence() const;
  // Returns the bytes of all events.
  int64_t bytes() const;
  // Returns what was set aside when the log was opened, for people; empty if nothing was.
  const std::string& set_aside() const { return set_aside_; }
  // Returns whether anything was ever set aside: workers may have forgotten events that are
  // missing.
  bool may_lack_events() const { return may_lack_events_; }
  // Returns DATA_LOSS if the file is damaged and was left as it is.
  absl::Status damage() const;
  // Takes the log, which ends before it should, for damaged. `what` is to be said.
  void MarkDamaged(const std::string& what);
  // Returns, once, the first damage that a Read() has met.
  absl::Status TakeDamageFound();
  // Returns whether the log has the event of a final state, which is the last event.
  bool ended() const;
  // Returns what the events say of the job.
  ProgressTracker tracker() const;

 private:
  // How many events one place is kept for, of those that this log has seen.
  static constexpr int64_t kPlaceStride = 64;

  EventLog(FileSystem& files, std::string path, EventDispatcher& dispatcher)
      : files_(files),
        path_(std::move(path)),
        dispatcher_(dispatcher),
        listeners_(std::make_shared<EventListeners>()),
        index_(files, path_) {}

  // Goes on from the last mark.
  void Restore() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Reads the rest of the file, up to what a crash has left there or DATA_LOSS.
  absl::Status Scan() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status SetAside(const absl::Status& damage) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SayWhatIsSetAside(const absl::Status& damage, const std::string& name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Reads the event at the cursor, whose place is before `durable`.
  absl::Status ReadAt(int64_t durable, EventCursor* cursor, v1::Event* event) const;
  absl::Status AppendLocked(std::vector<v1::Event>* events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WriteAll(const std::vector<v1::Event>& events, std::vector<int64_t>* offsets)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Records an event that is durable at `offset`.
  void RecordDurable(const v1::Event& event, int64_t offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Mark(int64_t offset) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FileSystem& files_;
  const std::string path_;
  EventDispatcher& dispatcher_;
  const std::shared_ptr<EventListeners> listeners_;
  // Set by Open(), immutable afterwards.
  std::unique_ptr<RecordLogReader> reader_;
  std::string set_aside_;
  bool may_lack_events_ = false;

  mutable absl::Mutex mutex_;
  // Null at first and after a failed write; the next Append() opens the file.
  std::unique_ptr<RecordLogWriter> writer_ ABSL_GUARDED_BY(mutex_);
  int64_t durable_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t last_worker_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  ProgressTracker tracker_ ABSL_GUARDED_BY(mutex_);
  EventIndex index_ ABSL_GUARDED_BY(mutex_);
  // In order; none for what was not read because the index has no mark there.
  std::vector<EventPlace> places_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  absl::Status damage_ ABSL_GUARDED_BY(mutex_);
  // What Read() has met first, and whether somebody has taken it.
  mutable absl::Status damage_found_ ABSL_GUARDED_BY(mutex_);
  bool is_damage_taken_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kur::server

#endif  // KUR_SERVER_EVENTS_EVENT_LOG_H_
