#ifndef KUR_SERVER_JOBS_JOB_JOURNAL_H_
#define KUR_SERVER_JOBS_JOB_JOURNAL_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/base/file_system.h"
#include "server/events/event_log.h"
#include "server/store/job_store.h"

namespace kur::server {

// A job's event log together with what its events say. The store decides which state a job is in;
// the journal announces it. A crash may come between the two, so opening announces what is missing:
// the log ends up with every state that the store has, once. Not thread-safe (the log itself is).
class JobJournal {
 public:
  // Opens the log at `path` of a job that goes on, creating its directory. Damage is set aside, and
  // a warning says so.
  static absl::StatusOr<std::unique_ptr<JobJournal>> Open(FileSystem& files,
                                                          const std::string& path,
                                                          EventDispatcher& dispatcher,
                                                          const JobRecord& record);

  // Opens the log of a job that has ended and whose worker reported events up to `last_sequence`;
  // 0: unknown. A log that is damaged, or lacks some of them, stays as it is: see
  // EventLog::damage().
  static absl::StatusOr<std::unique_ptr<JobJournal>> OpenEnded(FileSystem& files,
                                                               const std::string& path,
                                                               EventDispatcher& dispatcher,
                                                               const JobRecord& record,
                                                               int64_t last_sequence);

  // Appends the event of the record's state unless it is the one announced last.
  absl::Status Announce(const JobRecord& record);

  // Appends a warning for people.
  absl::Status Warn(const std::string& text, absl::Time time);

  // Appends events of the worker or of kurd.
  absl::Status Append(std::vector<v1::Event> events) { return log_->Append(std::move(events)); }

  const std::shared_ptr<EventLog>& log() const { return log_; }
  ProgressTracker tracker() const { return log_->tracker(); }

 private:
  JobJournal() = default;

  std::shared_ptr<EventLog> log_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_JOB_JOURNAL_H_
