#include "server/jobs/ended_logs.h"

#include "engine/base/status.h"
#include "server/jobs/job_journal.h"
#include "server/protocol/run_directory.h"

namespace kur::server {

absl::StatusOr<std::shared_ptr<EventLog>> EndedLogs::Open(const JobRecord& record) {
  absl::MutexLock lock(&mutex_);
  if (auto log = logs_[record.name].lock()) return log;
  DropClosed();
  KUR_ASSIGN_OR_RETURN(const auto journal,
                       JobJournal::OpenEnded(files_, layout_.Events(record.name), dispatcher_,
                                             record, LastSequence(record)));
  logs_[record.name] = journal->log();
  return journal->log();
}

int64_t EndedLogs::LastSequence(const JobRecord& record) {
  const auto outcome = RunDirectory(files_, layout_.Run(record.name)).Outcome();
  return outcome.has_value() ? outcome->last_sequence() : 0;
}

void EndedLogs::DropClosed() {
  for (auto entry = logs_.begin(); entry != logs_.end();) {
    const auto current = entry++;
    if (current->second.expired()) logs_.erase(current);
  }
}

}  // namespace kur::server
