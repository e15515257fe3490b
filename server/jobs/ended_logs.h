#ifndef KUR_SERVER_JOBS_ENDED_LOGS_H_
#define KUR_SERVER_JOBS_ENDED_LOGS_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/file_system.h"
#include "server/events/event_log.h"
#include "server/protocol/state_layout.h"
#include "server/store/job_store.h"

namespace kur::server {

// The event logs of jobs that have ended: opened when someone asks, shared by all who read, closed
// with the last of them. Thread-safe; opening one, which may take long, holds up
// only those who open the same.
class EndedLogs {
 public:
  // Everything must outlive the logs.
  EndedLogs(FileSystem& files, const StateLayout& layout, EventDispatcher& dispatcher)
      : files_(files), layout_(layout), dispatcher_(dispatcher) {}

  // The log of a job whose state is final, with the event of that state unless it is damaged.
  absl::StatusOr<std::shared_ptr<EventLog>> Open(const JobRecord& record);

 private:
  struct Entry {
    absl::Mutex mutex;  // held while the log is opened
    std::weak_ptr<EventLog> log ABSL_GUARDED_BY(mutex);
  };

  // The number of the last event that the job's worker reported, by its own account; 0: unknown.
  int64_t LastSequence(const JobRecord& record);
  std::shared_ptr<Entry> EntryOf(const std::string& name);

  FileSystem& files_;
  const StateLayout& layout_;
  EventDispatcher& dispatcher_;
  absl::Mutex mutex_;
  // With the entries that someone opens or reads, and some that nobody does any more.
  absl::flat_hash_map<std::string, std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_ENDED_LOGS_H_
