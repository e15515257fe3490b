#include "server/jobs/active_job.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "engine/base/wipe.h"
#include "server/jobs/exit_decision.h"
#include "server/jobs/pending_commands.h"
#include "server/jobs/run_time.h"
#include "server/jobs/worker_launch.h"
#include "server/protocol/conversions.h"
#include "server/protocol/job_state.h"
#include "server/protocol/run_directory.h"

namespace kur::server {
namespace {

// The first line of a text that a worker may have written: it neither ends the line of kurd's log
// nor does anything to a terminal.
std::string ForLog(const std::string& text) {
  return absl::Utf8SafeCHexEscape(text.substr(0, text.find('\n')));
}

}  // namespace

ActiveJob::ActiveJob(const JobEnvironment& environment, const std::function<void()>& on_change,
                     JobRecord record)
    : environment_(environment),
      on_change_(on_change),
      id_(record.id),
      name_(record.name),
      owner_(record.owner),
      view_(record),
      record_(std::move(record)),
      watch_(environment.watch) {}

std::string ActiveJob::InRunDirectory(const std::string& text) const {
  return absl::StrReplaceAll(text, {{environment_.layout->Run(name_) + "/", ""}});
}

void ActiveJob::Publish() {
  view_.Set(record_, IsFinal(record_.state) && !unannounced_);
  if (journal_ != nullptr) view_.SetProgress(journal_->tracker().progress());
}

v1::Job ActiveJob::Describe() const {
  const auto record = view_.record();
  v1::Job job = ToJob(*record);
  if (HasWorker(record->state)) {
    job.set_worker_pid(environment_.launcher->ProcessId({record->worker}));
    job.set_reason(view_.worker_note());
  }
  if (record->desired_state == DESIRED_STATE_END && !IsFinal(record->state)) {
    job.set_reason("is being cancelled");
  }
  if (record->started_at.has_value() && !IsFinal(record->state)) {
    *job.mutable_elapsed() = ToDuration(ElapsedTime(environment_, *record));
  }
  const auto progress = view_.progress();
  if (progress.has_value()) *job.mutable_progress() = *progress;
  return job;
}

void ActiveJob::SetWaitingReason(const std::string& reason) {
  absl::MutexLock lock(&mutex_);
  if (!WaitsForDevices(record_.state) || record_.reason == reason) return;
  record_.reason = reason;
  Publish();
}

absl::Status ActiveJob::Store(JobRecord next) {
  KUR_RETURN_IF_ERROR(environment_.store->Update(next));
  is_end_unstored_ = false;
  record_ = std::move(next);
  Publish();
  return absl::OkStatus();
}

absl::Status ActiveJob::Move(JobRecord next) {
  KUR_RETURN_IF_ERROR(CheckTransition(record_.state, next.state));
  KUR_RETURN_IF_ERROR(OpenJournal());
  KUR_RETURN_IF_ERROR(environment_.store->Update(next));
  is_end_unstored_ = false;
  record_ = std::move(next);
  spdlog::info("job {} is {}{}{}", name_, std::string(StateName(record_.state)),
               record_.reason.empty() ? "" : ": ", ForLog(record_.reason));
  // The state is settled by the store; a failure here only delays its event.
  const absl::Status announced = RefuseIfUnsafe(journal_->Announce(record_));
  unannounced_ = absl::IsResourceExhausted(announced);
  if (unannounced_) environment_.database->GiveUpReserve();
  Publish();
  if (!announced.ok()) spdlog::error("job {}: {}", name_, announced.ToString());
  return absl::OkStatus();
}

absl::Status ActiveJob::MoveToFinal(v1::JobState state, const std::string& reason) {
  KUR_RETURN_IF_ERROR(OpenJournal());
  JobRecord next = record_;
  next.state = state;
  next.reason = InRunDirectory(reason);
  MarkFinished(environment_, &next);
  next.progress = journal_->tracker().progress();
  KUR_RETURN_IF_ERROR(Move(std::move(next)));
  work_ = Work::kNone;
  return absl::OkStatus();
}

absl::Status ActiveJob::MoveToQueued(bool counts) {
  JobRecord next = record_;
  if (counts) next.history.set_restarts(next.history.restarts() + 1);
  next.history.set_excused_attempts(ExcusedAttempts(next.history, journal_->tracker()) +
                                    (counts ? 0 : 1));
  next.state = v1::JOB_STATE_QUEUED;
  next.reason = "waiting to be started again";
  next.devices.clear();
  next.worker.clear();
  KUR_RETURN_IF_ERROR(Move(std::move(next)));
  work_ = Work::kNone;
  attempt_ = WorkerAttempt();
  return absl::OkStatus();
}

absl::Status ActiveJob::Start(const std::vector<std::string>& devices) {
  absl::MutexLock lock(&mutex_);
  if (!EventsAreAtHand()) return absl::FailedPreconditionError("the job's events are being read");
  JobRecord next = record_;
  next.state = v1::JOB_STATE_STARTING;
  next.reason.clear();
  next.devices = devices;
  ++next.attempts;
  MarkStarted(environment_, &next);
  KUR_RETURN_IF_ERROR(Move(std::move(next)));
  work_ = Work::kLaunch;
  return absl::OkStatus();
}

absl::Status ActiveJob::Cancel() {
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    if (IsFinal(record_.state)) {
      return absl::FailedPreconditionError(
          absl::StrCat("job ", name_, " has ended: it is ", StateName(record_.state)));
    }
    if (record_.desired_state != DESIRED_STATE_END) {
      JobRecord next = record_;
      next.desired_state = DESIRED_STATE_END;
      absl::Status stored = Store(next);
      if (!stored.ok() && !absl::IsResourceExhausted(stored)) return stored;
      // A full disk must not keep a job from ending, which may free the disk.
      is_end_unstored_ = !stored.ok();
      record_.desired_state = DESIRED_STATE_END;
      Publish();
    }
    status = Reconcile();
  }
  // Also after an error: the next round works towards what is wanted.
  on_change_();
  return absl::IsResourceExhausted(status) ? absl::OkStatus() : status;
}

absl::Status ActiveJob::Reconcile() {
  if (record_.desired_state != DESIRED_STATE_END || IsFinal(record_.state)) return absl::OkStatus();
  if (!EventsAreAtHand()) return absl::OkStatus();
  if (!HasWorker(record_.state)) {
    return MoveToFinal(v1::JOB_STATE_CANCELLED, record_.attempts == 0
                                                    ? "cancelled before it started"
                                                    : "cancelled before it started again");
  }
  if (work_ == Work::kLaunch) {
    return MoveToFinal(v1::JOB_STATE_CANCELLED, "cancelled before its worker started");
  }
  attempt_.ending.Request(environment_.uptime() + environment_.cancel_grace);
  connection_.SendCommands(record_);
  return absl::OkStatus();
}

absl::Status ActiveJob::RequestCheckpoint() {
  absl::MutexLock lock(&mutex_);
  if (!IsAtWork(record_.state)) {
    return absl::FailedPreconditionError(
        absl::StrCat("job ", name_, " is ", StateName(record_.state),
                     "; only a running job has a checkpoint to write"));
  }
  JobRecord next = record_;
  KUR_RETURN_IF_ERROR(AddCheckpointCommand(&next.commands));
  KUR_RETURN_IF_ERROR(Store(std::move(next)));
  connection_.SendCommands(record_);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ActiveJob::Connect(const v1::Hello& hello,
                                           const std::shared_ptr<WorkerLink>& link) {
  absl::MutexLock lock(&mutex_);
  KUR_RETURN_IF_ERROR(CheckHello(hello, record_, environment_.layout->Run(name_)));
  if (!EventsAreAtHand()) return absl::UnavailableError("the job's events are being read");
  KUR_RETURN_IF_ERROR(OpenJournal());
  connection_.Replace(link);
  watch_.OnHeard();
  return journal_->log()->last_worker_sequence();
}

void ActiveJob::OnWelcomed() {
  absl::MutexLock lock(&mutex_);
  connection_.OnWelcomed();
  connection_.SendCommands(record_);
}

absl::Status ActiveJob::OnHeartbeat(const WorkerLink* link, const v1::Heartbeat& heartbeat) {
  absl::MutexLock lock(&mutex_);
  KUR_RETURN_IF_ERROR(connection_.CheckIsOver(link));
  watch_.OnHeartbeat(absl::Seconds(heartbeat.processor_seconds()));
  return absl::OkStatus();
}

Launcher::ExitCallback ActiveJob::ExitCallbackFor(int attempt) {
  return [weak = weak_from_this(), attempt](const std::string&, const WorkerExit& exit) {
    if (const auto job = weak.lock()) job->OnExit(attempt, exit);
  };
}

void ActiveJob::OnExit(int attempt, const WorkerExit& exit) {
  {
    absl::MutexLock lock(&mutex_);
    if (attempt != record_.attempts || !HasWorker(record_.state)) return;
    attempt_.exit = exit;
    work_ = Work::kReadSpool;
  }
  on_change_();
}

absl::Status ActiveJob::HandleWorkerExit() {
  KUR_RETURN_IF_ERROR(OpenJournal());
  RunDirectory directory(*environment_.files, environment_.layout->Run(name_));
  const ExitDecision decision =
      DecideAfterExit(DescribeEnd(attempt_, record_, journal_->tracker(), directory));
  connection_.Drop();
  if (!decision.restart) return MoveToFinal(decision.state, decision.reason);
  // Once, however often a full disk makes this be tried.
  if (!attempt_.end_is_told) {
    KUR_RETURN_IF_ERROR(Warn(decision.reason));
    attempt_.end_is_told = true;
  }
  return MoveToQueued(decision.counts);
}

absl::Status ActiveJob::Warn(const std::string& text) {
  KUR_RETURN_IF_ERROR(OpenJournal());
  spdlog::warn("job {}: {}", name_, ForLog(text));
  return RefuseIfUnsafe(journal_->Warn(InRunDirectory(text), environment_.now()));
}

absl::Status ActiveJob::Recover() {
  WorkerHandle worker;
  int attempt = 0;
  {
    absl::MutexLock lock(&mutex_);
    const bool has_worker = HasWorker(record_.state);
    if (environment_.files->Exists(environment_.layout->Events(name_))) {
      events_ = has_worker ? Events::kWanted : Events::kUnread;
    }
    if (!has_worker) return absl::OkStatus();
    worker.text = record_.worker;
    attempt = record_.attempts;
  }
  const std::string run_directory = environment_.layout->Run(name_);
  if (worker.empty()) worker = environment_.launcher->Find(run_directory).value_or(WorkerHandle());
  if (worker.empty()) {
    // Either it was never started, or it has come and gone without having been written down.
    const bool ended = RunDirectory(*environment_.files, run_directory).Outcome().has_value();
    absl::MutexLock lock(&mutex_);
    attempt_.ended_unseen = ended;
    work_ = ended ? Work::kReadSpool : Work::kLaunch;
    return absl::OkStatus();
  }
  if (!environment_.files->Exists(run_directory)) {
    absl::MutexLock lock(&mutex_);
    return Abandon(absl::DataLossError(absl::StrCat(run_directory, " is gone")));
  }
  KUR_ASSIGN_OR_RETURN(const auto gone, environment_.launcher->Adopt(name_, run_directory, worker,
                                                                     ExitCallbackFor(attempt)));
  if (!gone.has_value()) {
    spdlog::info("job {}: adopted its worker, process {}", name_,
                 environment_.launcher->ProcessId(worker));
    KUR_RETURN_IF_ERROR(RecordLaunch(attempt, worker));
    absl::MutexLock lock(&mutex_);
    attempt_.directory_moved = RunDirectory(*environment_.files, run_directory).WasMoved();
    if (attempt_.directory_moved)
      attempt_.ending.Kill("the state directory was moved while it ran");
    return absl::OkStatus();
  }
  absl::MutexLock lock(&mutex_);
  attempt_.exit = gone;
  attempt_.ended_unseen = true;
  work_ = Work::kReadSpool;
  return absl::OkStatus();
}

bool ActiveJob::ClaimLaunch() {
  absl::MutexLock lock(&mutex_);
  // The events of the worker come after that of its start.
  const bool is_announced = events_ == Events::kAtHand && !unannounced_;
  if (!is_announced || work_ != Work::kLaunch || environment_.uptime() < work_at_) return false;
  work_ = Work::kLaunching;
  return true;
}

void ActiveJob::Launch() {
  const absl::Status launched = LaunchWorker();
  if (!launched.ok()) {
    spdlog::error("job {}: {}; trying again", name_, launched.ToString());
    absl::MutexLock lock(&mutex_);
    if (!IsFinal(record_.state)) work_ = Work::kLaunch;
    work_at_ = environment_.uptime() + kRetryAfter;
  }
  on_change_();
}

absl::Status ActiveJob::LaunchWorker() {
  JobRecord record;
  KnownEvents events;
  {
    absl::MutexLock lock(&mutex_);
    if (record_.desired_state == DESIRED_STATE_END) {
      return MoveToFinal(v1::JOB_STATE_CANCELLED, "cancelled before its worker started");
    }
    KUR_RETURN_IF_ERROR(OpenJournal());
    record = record_;
    events = {journal_->log()->last_worker_sequence(), journal_->log()->bytes()};
  }
  // Without the lock: this may take long, and the worker's end may be reported before it returns.
  auto request = PrepareLaunch(environment_, record, events);
  if (absl::IsResourceExhausted(request.status())) return request.status();
  if (absl::IsFailedPrecondition(request.status())) {
    spdlog::warn("job {}: {}; it is queued again", name_, std::string(request.status().message()));
    absl::MutexLock lock(&mutex_);
    return MoveToQueued(/*counts=*/false);
  }
  if (!request.ok()) return RecordLaunch(record.attempts, request.status());
  const auto worker = environment_.launcher->Launch(*request, ExitCallbackFor(record.attempts));
  Wipe(&request->secrets);
  // Descriptors, memory or space: there will be some again.
  if (absl::IsResourceExhausted(worker.status())) return worker.status();
  return RecordLaunch(record.attempts, worker);
}

absl::Status ActiveJob::RecordLaunch(int attempt, const absl::StatusOr<WorkerHandle>& worker) {
  absl::MutexLock lock(&mutex_);
  const bool over =
      !HasWorker(record_.state) || record_.attempts != attempt || attempt_.exit.has_value();
  if (over) return absl::OkStatus();
  if (!worker.ok()) {
    return MoveToFinal(v1::JOB_STATE_FAILED,
                       absl::StrCat("cannot start the worker: ", worker.status().message()));
  }
  work_ = Work::kNone;
  watch_.Restart();
  view_.SetWorkerNote("");
  record_.worker = worker->text;
  Publish();
  const absl::Status recorded = environment_.store->Update(record_);
  // The worker runs all the same, and a later kurd finds it by its run directory.
  if (!recorded.ok()) spdlog::error("job {}: {}", name_, recorded.ToString());
  return absl::OkStatus();
}

bool ActiveJob::WorkerRuns() const {
  return HasWorker(record_.state) && work_ == Work::kNone && !attempt_.exit.has_value() &&
         !record_.worker.empty();
}

absl::Status ActiveJob::CheckWorker() {
  if (!WorkerRuns() || attempt_.ending.is_scheduled()) return absl::OkStatus();
  const WorkerHealth health = watch_.Look(environment_.uptime());
  const std::string note = watch_.Describe();
  view_.SetWorkerNote(note);
  if (health == WorkerHealth::kFine) return absl::OkStatus();
  if (health == WorkerHealth::kSilent) {
    if (attempt_.silence_is_told) return absl::OkStatus();
    KUR_RETURN_IF_ERROR(Warn(absl::StrCat(note, ": cancel the job if it hangs")));
    attempt_.silence_is_told = true;
    return absl::OkStatus();
  }
  // First: the warning may find the disk full.
  attempt_.ending.Kill(absl::StrCat("it hung: ", note));
  return Warn(absl::StrCat(note, ": killing it"));
}

absl::Status ActiveJob::RunSteps() {
  if (is_end_unstored_) KUR_RETURN_IF_ERROR(Store(record_));
  if (events_ != Events::kAtHand) return Reconcile();
  if (unannounced_) {
    KUR_RETURN_IF_ERROR(RefuseIfUnsafe(journal_->Announce(record_)));
    unannounced_ = false;
    Publish();
  }
  if (work_ == Work::kHandleExit) KUR_RETURN_IF_ERROR(HandleWorkerExit());
  KUR_RETURN_IF_ERROR(Reconcile());
  return CheckWorker();
}

absl::Duration ActiveJob::RunDueWork() {
  const absl::Duration now = environment_.uptime();
  absl::Duration next = absl::InfiniteDuration();
  int signal = 0;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Status status = RunSteps();
    if (!status.ok()) {
      spdlog::error("job {}: {}; trying again", name_, status.ToString());
      next = now + kRetryAfter;
    }
    // Whatever went wrong: a worker that is to end ends.
    if (WorkerRuns()) {
      signal = attempt_.ending.TakeDue(now, environment_.terminate_grace);
      next = std::min(next, now + WorkerWatch::kLookInterval);
      if (attempt_.ending.due() > now) next = std::min(next, attempt_.ending.due());
    }
    const bool waits = work_ == Work::kLaunch || work_ == Work::kReadSpool;
    if (waits && work_at_ > now) next = std::min(next, work_at_);
  }
  if (signal != 0) {
    spdlog::warn("job {}: sending its worker signal {}", name_, signal);
    environment_.launcher->Signal(name_, signal).IgnoreError();
  }
  return next;
}

}  // namespace kur::server
