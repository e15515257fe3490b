#include "server/jobs/job_journal.h"

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/clock.h"
#include "engine/base/status.h"
#include "server/jobs/job_view.h"
#include "server/protocol/conversions.h"
#include "server/protocol/job_state.h"

namespace kur::server {
namespace {

v1::Event StateEvent(v1::JobState state, absl::Time time) {
  v1::Event event;
  *event.mutable_time() = ToTimestamp(time);
  event.mutable_state_changed()->set_state(state);
  return event;
}

v1::Event StateEvent(const JobRecord& record) {
  v1::Event event = StateEvent(record.state, record.finished_at.value_or(TimeOfDay()));
  v1::StateChanged& change = *event.mutable_state_changed();
  change.set_reason(record.reason);
  if (BeginsAttempt(record.state)) {
    for (const std::string& device : record.devices) change.add_devices(device);
    change.set_attempt(record.attempts);
  }
  return event;
}

bool IsAnnounced(const ProgressTracker& tracker, const JobRecord& record) {
  if (tracker.announced_state() != record.state) return false;
  return !BeginsAttempt(record.state) || tracker.announced_attempt() == record.attempts;
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobJournal>> JobJournal::Open(FileSystem& files,
                                                             const std::string& path,
                                                             EventDispatcher& dispatcher,
                                                             const JobRecord& record) {
  std::unique_ptr<JobJournal> journal(new JobJournal);
  KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(path), 0700));
  KUR_ASSIGN_OR_RETURN(journal->log_, EventLog::Open(files, path, dispatcher));
  const std::string& damage = journal->log_->set_aside();
  if (!damage.empty()) {
    spdlog::error("job {}: {}", record.name, damage);
    // Whom the job belongs to knows it by names in its run directory.
    KUR_RETURN_IF_ERROR(
        journal->Warn(absl::StrReplaceAll(damage, {{DirectoryOf(path) + "/", ""}}), TimeOfDay()));
  }
  KUR_RETURN_IF_ERROR(journal->Announce(record));
  return journal;
}

absl::StatusOr<std::unique_ptr<JobJournal>> JobJournal::OpenEnded(FileSystem& files,
                                                                  const std::string& path,
                                                                  EventDispatcher& dispatcher,
                                                                  const JobRecord& record,
                                                                  int64_t last_sequence) {
  std::unique_ptr<JobJournal> journal(new JobJournal);
  KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(path), 0700));
  KUR_ASSIGN_OR_RETURN(journal->log_,
                       EventLog::Open(files, path, dispatcher, EventLog::Damage::kKeep));
  EventLog& log = *journal->log_;
  if (!log.ended() && !log.may_lack_events() && log.last_worker_sequence() < last_sequence) {
    log.MarkDamaged(absl::StrCat("the log ends with event ", log.last_number(), " and lacks ",
                                 last_sequence - log.last_worker_sequence(),
                                 " of what the worker reported"));
  }
  const absl::Status damage = log.damage();
  if (!damage.ok()) {
    spdlog::error("job {}: {}", record.name, damage.ToString());
    return journal;
  }
  if (!log.ended()) KUR_RETURN_IF_ERROR(journal->Announce(record));
  return journal;
}

absl::Status JobJournal::Announce(const JobRecord& record) {
  const ProgressTracker known = tracker();
  if (IsAnnounced(known, record)) return absl::OkStatus();
  std::vector<v1::Event> events;
  const bool first = !known.announced_state().has_value();
  if (first) events.push_back(StateEvent(v1::JOB_STATE_QUEUED, record.submitted_at));
  if (!first || !WaitsForDevices(record.state)) events.push_back(StateEvent(record));
  return Append(std::move(events));
}

absl::Status JobJournal::Warn(const std::string& text, absl::Time time) {
  v1::Event event;
  *event.mutable_time() = ToTimestamp(time);
  event.mutable_log_line()->set_level(v1::LogLine::LEVEL_WARNING);
  event.mutable_log_line()->set_text(text);
  return Append({std::move(event)});
}

}  // namespace kur::server
