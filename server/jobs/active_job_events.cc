// How an active job comes to its events. Those that an earlier kurd has left may be many: whoever
// needs them has them read, by a thread of its own and without the lock, and nothing is done about
// the job until then.

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/jobs/active_job.h"
#include "server/jobs/pending_commands.h"
#include "server/jobs/run_time.h"
#include "server/protocol/run_directory.h"

namespace kur::server {

absl::StatusOr<std::shared_ptr<EventLog>> ActiveJob::Log() {
  bool is_claimed = false;
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &ActiveJob::EventsAreNotBeingRead));
    is_claimed = events_ != Events::kAtHand;
    if (is_claimed) events_ = Events::kReading;
  }
  if (is_claimed) ReadEvents();
  absl::MutexLock lock(&mutex_);
  KUR_RETURN_IF_ERROR(OpenJournal());
  return journal_->log();
}

bool ActiveJob::EventsAreAtHand() {
  if (events_ == Events::kUnread) events_ = Events::kWanted;
  return events_ == Events::kAtHand;
}

bool ActiveJob::ClaimReading() {
  absl::MutexLock lock(&mutex_);
  if (events_ != Events::kWanted) return false;
  events_ = Events::kReading;
  return true;
}

void ActiveJob::ReadEvents() {
  JobRecord record;
  {
    absl::MutexLock lock(&mutex_);
    record = record_;
  }
  auto journal = ReadJournal(record);
  {
    absl::MutexLock lock(&mutex_);
    // After an error, too: who needs them finds out then whether it has passed.
    events_ = Events::kAtHand;
    const absl::Status used = UseJournal(std::move(journal));
    if (!used.ok()) spdlog::error("job {}: {}", name_, used.ToString());
  }
  on_change_();
}

absl::StatusOr<std::unique_ptr<JobJournal>> ActiveJob::ReadJournal(const JobRecord& record) const {
  return JobJournal::Open(*environment_.files, environment_.layout->Events(name_),
                          *environment_.dispatcher, record);
}

absl::Status ActiveJob::OpenJournal() {
  return journal_ != nullptr ? absl::OkStatus() : UseJournal(ReadJournal(record_));
}

absl::Status ActiveJob::UseJournal(absl::StatusOr<std::unique_ptr<JobJournal>> journal) {
  if (absl::IsDataLoss(journal.status())) return Abandon(journal.status());
  KUR_RETURN_IF_ERROR(RefuseIfUnsafe(journal.status()));
  journal_ = *std::move(journal);
  DropDoneCommands(journal_->tracker().last_command_done(), &record_.commands);
  Publish();
  return absl::OkStatus();
}

absl::Status ActiveJob::AppendSpooledEvents() {
  RunDirectory directory(*environment_.files, environment_.layout->Run(name_));
  int64_t offset = 0;
  while (true) {
    auto events = directory.SpooledAfter(journal_->log()->last_worker_sequence(), &offset);
    if (events.empty()) return absl::OkStatus();
    KUR_RETURN_IF_ERROR(AppendEvents(std::move(events)));
  }
}

absl::Status ActiveJob::RefuseIfUnsafe(absl::Status written) {
  if (absl::IsUnavailable(written)) environment_.database->Refuse(written);
  return written;
}

absl::Status ActiveJob::Abandon(const absl::Status& damage) {
  JobRecord next = record_;
  next.state = v1::JOB_STATE_FAILED;
  next.reason = absl::StrCat("the job's events are damaged: ", damage.message());
  MarkFinished(environment_, &next);
  KUR_RETURN_IF_ERROR(Store(std::move(next)));
  work_ = Work::kNone;
  return damage;
}

}  // namespace kur::server
