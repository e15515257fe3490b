// How an active job comes to its events. Those that an earlier kurd has left may be many: whoever
// needs them has them read, by a thread of its own and without the lock, and nothing is done about
// the job until then. So may those that a worker has left which is gone.

#include <spdlog/spdlog.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/jobs/active_job.h"
#include "server/jobs/pending_commands.h"
#include "server/jobs/run_time.h"
#include "server/protocol/job_state.h"
#include "server/protocol/packed_events.h"
#include "server/protocol/run_directory.h"

namespace kur::server {
namespace {

// Whether what lies in place of a job's events can never be read. What is not allowed may be again:
// a disk that has become read-only says so, too.
bool IsDamage(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsInvalidArgument(status);
}

}  // namespace

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

absl::StatusOr<int64_t> ActiveJob::AppendWorkerEvents(const WorkerLink* link,
                                                      std::vector<v1::Event> events) {
  KUR_RETURN_IF_ERROR(CheckWorkerEvents(events));
  absl::Status appended;
  {
    absl::MutexLock lock(&mutex_);
    KUR_RETURN_IF_ERROR(connection_.CheckIsOver(link));
    if (!HasWorker(record_.state)) return absl::NotFoundError("the job has ended");
    watch_.OnEvents();
    appended = AppendEvents(std::move(events));
    if (appended.ok()) return journal_->log()->last_worker_sequence();
  }
  // The job may have ended by it.
  on_change_();
  return appended;
}

absl::Status ActiveJob::AppendEvents(std::vector<v1::Event> events) {
  KUR_RETURN_IF_ERROR(OpenJournal());
  const EventLog& log = *journal_->log();
  KUR_RETURN_IF_ERROR(KeepNewEvents(log.last_worker_sequence(), log.may_lack_events(), events));
  if (events.empty()) return absl::OkStatus();
  KUR_RETURN_IF_ERROR(CheckEventSpace(events));
  std::vector<v1::Artifact> artifacts;
  bool started = false;
  int64_t count = 0;
  for (const v1::Event& event : events) {
    count += CountEvents(event);
    if (event.has_artifact_written()) artifacts.push_back(event.artifact_written());
    started |= event.has_started();
  }
  if (started && CheckTransition(record_.state, v1::JOB_STATE_RUNNING).ok()) {
    JobRecord next = record_;
    next.state = v1::JOB_STATE_RUNNING;
    KUR_RETURN_IF_ERROR(Move(std::move(next)));
  }
  // Before the events: what is not acknowledged comes again, and doing this twice changes nothing.
  if (!artifacts.empty()) KUR_RETURN_IF_ERROR(environment_.store->PutArtifacts(id_, artifacts));
  environment_.metrics->CountEvents(count);
  absl::Status written = RefuseIfUnsafe(journal_->Append(std::move(events)));
  const absl::Status damage = journal_->log()->TakeDamageFound();
  if (!damage.ok()) {
    written.Update(Warn(absl::StrCat("some of the job's events are damaged: ", damage.message())));
  }
  DropDoneCommands(journal_->tracker().last_command_done(), &record_.commands);
  view_.SetProgress(journal_->tracker().progress());
  return written;
}

absl::Status ActiveJob::CheckEventSpace(const std::vector<v1::Event>& events) {
  if (environment_.event_bytes == 0) return absl::OkStatus();
  int64_t bytes = journal_->log()->bytes();
  for (const v1::Event& event : events) bytes += static_cast<int64_t>(event.ByteSizeLong());
  // The worker keeps to once the limit, but for what is always kept; see event.proto.
  if (bytes <= 2 * environment_.event_bytes) return absl::OkStatus();
  const std::string reason =
      absl::StrCat("its events have taken twice the ", environment_.event_bytes >> 20,
                   " MiB that they may take (kurd --event-space)");
  attempt_.ending.Kill(reason, /*is_final=*/true);
  return absl::FailedPreconditionError(absl::StrCat("the worker is killed because ", reason));
}

bool ActiveJob::ClaimSpool() {
  absl::MutexLock lock(&mutex_);
  // The worker's last events come after what kurd has to say before them.
  const bool is_announced = events_ == Events::kAtHand && !unannounced_;
  if (!is_announced || work_ != Work::kReadSpool || environment_.uptime() < work_at_) return false;
  work_ = Work::kReadingSpool;
  return true;
}

void ActiveJob::ReadSpool() {
  const absl::Status appended = AppendSpooled();
  {
    absl::MutexLock lock(&mutex_);
    if (work_ != Work::kReadingSpool) return;
    // An event that cannot be appended must not keep the job from ending, unless trying again can
    // help.
    const bool again = absl::IsResourceExhausted(appended);
    work_ = again ? Work::kReadSpool : Work::kHandleExit;
    if (again) {
      environment_.database->GiveUpReserve();
      work_at_ = environment_.uptime() + kRetryAfter;
    }
  }
  if (!appended.ok()) {
    spdlog::error("job {}: the last events are missing: {}", name_, appended.ToString());
  }
  on_change_();
}

absl::Status ActiveJob::AppendSpooled() {
  int64_t sequence = 0;
  bool may_lack_events = false;
  {
    absl::MutexLock lock(&mutex_);
    KUR_RETURN_IF_ERROR(OpenJournal());
    sequence = journal_->log()->last_worker_sequence();
    may_lack_events = journal_->log()->may_lack_events();
  }
  SpooledEvents spooled = RunDirectory(*environment_.files, environment_.layout->Run(name_))
                              .SpooledAfter(sequence, may_lack_events);
  for (auto events = spooled.Next(); !events.empty(); events = spooled.Next()) {
    KUR_RETURN_IF_ERROR(CheckWorkerEvents(events));
    absl::MutexLock lock(&mutex_);
    KUR_RETURN_IF_ERROR(AppendEvents(std::move(events)));
  }
  return spooled.trouble().empty() ? absl::OkStatus() : absl::DataLossError(spooled.trouble());
}

absl::StatusOr<std::unique_ptr<JobJournal>> ActiveJob::ReadJournal(const JobRecord& record) const {
  return JobJournal::Open(*environment_.files, environment_.layout->Events(name_),
                          *environment_.dispatcher, record);
}

absl::Status ActiveJob::OpenJournal() {
  return journal_ != nullptr ? absl::OkStatus() : UseJournal(ReadJournal(record_));
}

absl::Status ActiveJob::UseJournal(absl::StatusOr<std::unique_ptr<JobJournal>> journal) {
  if (IsDamage(journal.status())) return Abandon(journal.status());
  KUR_RETURN_IF_ERROR(RefuseIfUnsafe(journal.status()));
  journal_ = *std::move(journal);
  DropDoneCommands(journal_->tracker().last_command_done(), &record_.commands);
  Publish();
  return absl::OkStatus();
}

absl::Status ActiveJob::RefuseIfUnsafe(absl::Status written) {
  if (absl::IsUnavailable(written)) environment_.database->Refuse(written);
  return written;
}

absl::Status ActiveJob::Abandon(const absl::Status& damage) {
  JobRecord next = record_;
  next.state = v1::JOB_STATE_FAILED;
  next.reason = InRunDirectory(absl::StrCat("the job's events are damaged: ", damage.message()));
  MarkFinished(environment_, &next);
  KUR_RETURN_IF_ERROR(Store(std::move(next)));
  work_ = Work::kNone;
  return damage;
}

}  // namespace kur::server
