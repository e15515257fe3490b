#include "server/jobs/ended_logs.h"

#include "engine/base/status.h"
#include "server/jobs/job_journal.h"
#include "server/protocol/run_directory.h"

namespace kur::server {

absl::StatusOr<std::shared_ptr<EventLog>> EndedLogs::Open(const JobRecord& record) {
  const std::shared_ptr<Entry> entry = EntryOf(record.name);
  absl::MutexLock lock(&entry->mutex);
  if (auto log = entry->log.lock()) return log;
  KUR_ASSIGN_OR_RETURN(const auto journal,
                       JobJournal::OpenEnded(files_, layout_.Events(record.name), dispatcher_,
                                             record, LastSequence(record)));
  entry->log = journal->log();
  return journal->log();
}

int64_t EndedLogs::LastSequence(const JobRecord& record) {
  const auto outcome = RunDirectory(files_, layout_.Run(record.name)).Outcome();
  return outcome.has_value() ? outcome->last_sequence() : 0;
}

std::shared_ptr<EndedLogs::Entry> EndedLogs::EntryOf(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto current = entry++;
    // Nobody is opening it.
    if (current->second.use_count() > 1) continue;
    absl::ReleasableMutexLock entry_lock(&current->second->mutex);
    const bool closed = current->second->log.expired();
    entry_lock.Release();
    if (closed) entries_.erase(current);
  }
  std::shared_ptr<Entry>& entry = entries_[name];
  if (entry == nullptr) entry = std::make_shared<Entry>();
  return entry;
}

}  // namespace kur::server
