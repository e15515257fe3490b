#include "server/jobs/live_job.h"

#include <openssl/crypto.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/path_resolver.h"
#include "engine/base/status.h"
#include "server/jobs/job_view.h"
#include "server/jobs/worker_end.h"
#include "server/jobs/worker_launch.h"
#include "server/protocol/conversions.h"
#include "server/protocol/job_state.h"
#include "server/protocol/run_directory.h"

namespace kur::server {
namespace {

// How soon to try again what a full disk prevented.
constexpr absl::Duration kRetryAfter = absl::Seconds(5);
constexpr int64_t kLogTailBytes = 2048;

bool SameSecret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

v1::Event Warning(const std::string& text, absl::Time time) {
  v1::Event event;
  *event.mutable_time() = ToTimestamp(time);
  event.mutable_log_line()->set_level(v1::LogLine::LEVEL_WARNING);
  event.mutable_log_line()->set_text(text);
  return event;
}

}  // namespace

LiveJob::LiveJob(JobEnvironment& environment, JobRecord record)
    : environment_(environment),
      id_(record.id),
      name_(record.name),
      owner_(record.owner),
      view_(record),
      record_(std::move(record)),
      next_signal_(SIGTERM) {}

void LiveJob::View::Set(const JobRecord& record, bool is_settled) {
  auto copy = std::make_shared<const JobRecord>(record);
  absl::MutexLock lock(&mutex_);
  record_ = std::move(copy);
  is_settled_ = is_settled;
}

void LiveJob::View::SetProgress(const std::optional<v1::Progress>& progress) {
  absl::MutexLock lock(&mutex_);
  progress_ = progress;
}

std::shared_ptr<const JobRecord> LiveJob::View::record() const {
  absl::MutexLock lock(&mutex_);
  return record_;
}

std::optional<v1::Progress> LiveJob::View::progress() const {
  absl::MutexLock lock(&mutex_);
  return progress_;
}

bool LiveJob::View::is_settled() const {
  absl::MutexLock lock(&mutex_);
  return is_settled_;
}

void LiveJob::Publish() {
  view_.Set(record_, IsFinal(record_.state) && !unannounced_);
  if (journal_ != nullptr) view_.SetProgress(journal_->tracker().progress());
}

v1::JobState LiveJob::state() const { return view_.record()->state; }

v1::Job LiveJob::Describe() const {
  v1::Job job = ToJob(*view_.record());
  const auto progress = view_.progress();
  if (progress.has_value()) *job.mutable_progress() = *progress;
  return job;
}

SchedulableJob LiveJob::Schedulable() const { return ToSchedulable(*view_.record()); }

std::vector<std::string> LiveJob::devices() const { return view_.record()->devices; }

bool LiveJob::IsSettled() const { return view_.is_settled(); }

absl::StatusOr<std::shared_ptr<EventLog>> LiveJob::Log() {
  absl::MutexLock lock(&mutex_);
  KUR_RETURN_IF_ERROR(OpenJournal());
  return journal_->log();
}

absl::Status LiveJob::OpenJournal() {
  if (journal_ != nullptr) return absl::OkStatus();
  auto journal = JobJournal::Open(environment_.files, environment_.layout.Events(name_),
                                  environment_.dispatcher, record_);
  if (absl::IsDataLoss(journal.status())) return Abandon(journal.status());
  KUR_RETURN_IF_ERROR(journal.status());
  journal_ = *std::move(journal);
  Publish();
  return absl::OkStatus();
}

absl::Status LiveJob::RefuseIfUnsafe(absl::Status written) {
  if (absl::IsUnavailable(written)) environment_.store.Refuse(written);
  return written;
}

absl::Status LiveJob::Abandon(const absl::Status& damage) {
  JobRecord next = record_;
  next.state = v1::JOB_STATE_FAILED;
  next.reason = absl::StrCat("the job's events are damaged: ", damage.message());
  next.finished_at = environment_.now();
  KUR_RETURN_IF_ERROR(environment_.store.Update(next));
  record_ = std::move(next);
  Publish();
  due_ = Due::kNothing;
  return damage;
}

void LiveJob::SetWaitingReason(const std::string& reason) {
  absl::MutexLock lock(&mutex_);
  if (record_.state != v1::JOB_STATE_QUEUED || record_.reason == reason) return;
  record_.reason = reason;
  Publish();
}

absl::Status LiveJob::Move(JobRecord next) {
  KUR_RETURN_IF_ERROR(CheckTransition(record_.state, next.state));
  KUR_RETURN_IF_ERROR(OpenJournal());
  KUR_RETURN_IF_ERROR(environment_.store.Update(next));
  record_ = std::move(next);
  spdlog::info("job {} is {}{}{}", name_, std::string(StateName(record_.state)),
               record_.reason.empty() ? "" : ": ",
               record_.reason.substr(0, record_.reason.find('\n')));
  // The state is settled by the store; a failure here only delays its event.
  const absl::Status announced = RefuseIfUnsafe(journal_->Announce(record_));
  unannounced_ = absl::IsResourceExhausted(announced);
  Publish();
  if (!announced.ok()) spdlog::error("job {}: {}", name_, announced.ToString());
  return absl::OkStatus();
}

absl::Status LiveJob::MoveToFinal(v1::JobState state, const std::string& reason) {
  KUR_RETURN_IF_ERROR(OpenJournal());
  JobRecord next = record_;
  next.state = state;
  next.reason = reason;
  next.finished_at = environment_.now();
  next.progress = journal_->tracker().progress();
  KUR_RETURN_IF_ERROR(Move(std::move(next)));
  due_ = Due::kNothing;
  return absl::OkStatus();
}

absl::Status LiveJob::MoveToStarting(const std::vector<std::string>& devices) {
  JobRecord next = record_;
  next.state = v1::JOB_STATE_STARTING;
  next.reason.clear();
  next.devices = devices;
  ++next.attempts;
  if (!next.started_at.has_value()) next.started_at = environment_.now();
  next.worker_pid = 0;
  next.worker_start_ticks = 0;
  next.worker_boot_id.clear();
  KUR_RETURN_IF_ERROR(Move(std::move(next)));
  due_ = Due::kLaunch;
  return absl::OkStatus();
}

absl::Status LiveJob::Start(const std::vector<std::string>& devices) {
  absl::MutexLock lock(&mutex_);
  if (record_.state != v1::JOB_STATE_QUEUED) {
    return absl::FailedPreconditionError(absl::StrCat("job ", name_, " is not queued any more"));
  }
  return MoveToStarting(devices);
}

absl::Status LiveJob::Cancel() {
  std::shared_ptr<WorkerLink> link;
  {
    absl::MutexLock lock(&mutex_);
    if (IsFinal(record_.state)) {
      return absl::FailedPreconditionError(
          absl::StrCat("job ", name_, " has ended: it is ", StateName(record_.state)));
    }
    if (record_.state == v1::JOB_STATE_QUEUED) {
      KUR_RETURN_IF_ERROR(MoveToFinal(v1::JOB_STATE_CANCELLED, "cancelled before it started"));
    } else if (!record_.cancel_requested) {
      JobRecord next = record_;
      next.cancel_requested = true;
      KUR_RETURN_IF_ERROR(environment_.store.Update(next));
      record_ = std::move(next);
      Publish();
      signal_at_ = environment_.now() + environment_.cancel_grace;
      link = link_.lock();
    }
  }
  if (link != nullptr) link->SendCommand(v1::Command::KIND_CANCEL);
  environment_.on_change();
  return absl::OkStatus();
}

absl::Status LiveJob::Checkpoint() {
  std::shared_ptr<WorkerLink> link;
  {
    absl::MutexLock lock(&mutex_);
    if (record_.state != v1::JOB_STATE_RUNNING) {
      return absl::FailedPreconditionError(absl::StrCat("job ", name_, " is ",
                                                        StateName(record_.state),
                                                        "; only a running job has a checkpoint to "
                                                        "write"));
    }
    link = link_.lock();
    checkpoint_requested_ = link == nullptr;
  }
  if (link != nullptr) link->SendCommand(v1::Command::KIND_CHECKPOINT);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> LiveJob::Connect(const v1::Hello& hello,
                                         const std::shared_ptr<WorkerLink>& link) {
  std::shared_ptr<WorkerLink> replaced;
  int64_t acknowledged = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (!SameSecret(hello.secret(), record_.frozen.secret())) {
      return absl::PermissionDeniedError("wrong secret");
    }
    if (IsFinal(record_.state)) return absl::NotFoundError("the job has ended");
    if (!HasWorker(record_.state)) return absl::PermissionDeniedError("the job has no worker");
    if (record_.worker_pid != 0 && record_.worker_pid != hello.pid()) {
      return absl::PermissionDeniedError("another process is this job's worker");
    }
    KUR_RETURN_IF_ERROR(OpenJournal());
    replaced = link_.lock();
    link_ = link;
    acknowledged = journal_->log()->last_worker_sequence();
  }
  if (replaced != nullptr) {
    replaced->Close(absl::AbortedError("replaced by a newer connection of the worker"));
  }
  return acknowledged;
}

void LiveJob::SendPendingCommands() {
  std::shared_ptr<WorkerLink> link;
  bool cancel = false;
  bool checkpoint = false;
  {
    absl::MutexLock lock(&mutex_);
    link = link_.lock();
    cancel = record_.cancel_requested;
    checkpoint = std::exchange(checkpoint_requested_, false);
  }
  if (link == nullptr) return;
  if (checkpoint) link->SendCommand(v1::Command::KIND_CHECKPOINT);
  if (cancel) link->SendCommand(v1::Command::KIND_CANCEL);
}

absl::StatusOr<int64_t> LiveJob::TakeEvents(const WorkerLink* link, std::vector<v1::Event> events) {
  absl::MutexLock lock(&mutex_);
  if (link_.lock().get() != link) {
    return absl::AbortedError("replaced by a newer connection of the worker");
  }
  if (!HasWorker(record_.state)) return absl::NotFoundError("the job has ended");
  KUR_RETURN_IF_ERROR(Take(std::move(events)));
  return journal_->log()->last_worker_sequence();
}

absl::Status LiveJob::Take(std::vector<v1::Event> events) {
  KUR_RETURN_IF_ERROR(OpenJournal());
  int64_t sequence = journal_->log()->last_worker_sequence();
  std::vector<v1::Event> fresh;
  std::vector<v1::Artifact> artifacts;
  bool started = false;
  for (v1::Event& event : events) {
    if (event.worker_sequence() <= 0) {
      return absl::InvalidArgumentError("an event of a worker needs a worker_sequence");
    }
    if (event.worker_sequence() <= sequence) continue;
    if (event.worker_sequence() != ++sequence) {
      return absl::OutOfRangeError(absl::StrCat("expected the worker's event ", sequence, ", got ",
                                                event.worker_sequence()));
    }
    // The states of a job are kurd's to announce.
    if (event.has_state_changed()) {
      return absl::InvalidArgumentError("a worker cannot change the state of its job");
    }
    if (event.has_artifact_written()) {
      KUR_RETURN_IF_ERROR(NormalizeRelativePath(event.artifact_written().path()).status());
      artifacts.push_back(event.artifact_written());
    }
    started |= event.has_started();
    fresh.push_back(std::move(event));
  }
  if (fresh.empty()) return absl::OkStatus();
  if (started && record_.state == v1::JOB_STATE_STARTING) {
    JobRecord next = record_;
    next.state = v1::JOB_STATE_RUNNING;
    KUR_RETURN_IF_ERROR(Move(std::move(next)));
  }
  // Before the events: what is not acknowledged comes again, and doing this twice changes nothing.
  if (!artifacts.empty()) KUR_RETURN_IF_ERROR(environment_.store.PutArtifacts(id_, artifacts));
  environment_.metrics.CountEvents(static_cast<int64_t>(fresh.size()));
  absl::Status written = RefuseIfUnsafe(journal_->Append(std::move(fresh)));
  view_.SetProgress(journal_->tracker().progress());
  return written;
}

Launcher::ExitCallback LiveJob::ExitCallbackFor(int attempt) {
  return [weak = weak_from_this(), attempt](const std::string&, const WorkerExit& exit) {
    if (const auto job = weak.lock()) job->OnExit(attempt, exit);
  };
}

void LiveJob::OnExit(int attempt, const WorkerExit& exit) {
  {
    absl::MutexLock lock(&mutex_);
    if (attempt != record_.attempts || IsFinal(record_.state)) return;
    exit_ = exit;
    ended_attempt_ = attempt;
    due_ = Due::kJudge;
  }
  environment_.on_change();
}

absl::Status LiveJob::JudgeEnd() {
  KUR_RETURN_IF_ERROR(OpenJournal());
  RunDirectory directory(environment_.files, environment_.layout.Run(name_));
  // What the worker had not got acknowledged. An event that cannot be taken must not keep the job
  // from ending, unless trying again can help.
  absl::Status taken = Take(directory.SpooledAfter(journal_->log()->last_worker_sequence()));
  if (absl::IsResourceExhausted(taken)) return taken;
  if (!taken.ok()) spdlog::error("job {}: the last events are lost: {}", name_, taken.ToString());

  WorkerEnd end;
  end.exit = exit_;
  end.outcome = directory.Outcome();
  end.machine_restarted = machine_restarted_;
  end.cancel_requested = record_.cancel_requested;
  end.progressed = journal_->tracker().progressed();
  end.attempts_without_progress = journal_->tracker().attempts_without_progress();
  end.log_tail = directory.LogTail(kLogTailBytes);
  const WorkerVerdict verdict = Judge(end);
  link_.reset();
  if (!verdict.restart) return MoveToFinal(verdict.state, verdict.reason);
  KUR_RETURN_IF_ERROR(journal_->Append({Warning(verdict.reason, environment_.now())}));
  machine_restarted_ = false;
  return MoveToStarting(record_.devices);
}

absl::Status LiveJob::Recover(
    const std::string& boot_id,
    const std::function<std::optional<WorkerIdentity>(const std::string&)>& find_orphan) {
  WorkerIdentity identity;
  {
    absl::MutexLock lock(&mutex_);
    if (!HasWorker(record_.state)) return absl::OkStatus();
    KUR_RETURN_IF_ERROR(OpenJournal());
    if (record_.cancel_requested) signal_at_ = environment_.now() + environment_.cancel_grace;
    identity = {record_.worker_pid, record_.worker_start_ticks, record_.worker_boot_id};
    machine_restarted_ = identity.pid != 0 && identity.boot_id != boot_id;
    if (machine_restarted_) {
      due_ = Due::kJudge;
      return absl::OkStatus();
    }
  }
  if (identity.pid != 0) return AdoptWorker(identity);

  const std::string run_directory = environment_.layout.Run(name_);
  if (const auto orphan = find_orphan(run_directory)) return AdoptWorker(*orphan);
  absl::MutexLock lock(&mutex_);
  // Either it was never started, or it has come and gone without having been written down.
  const bool ended = RunDirectory(environment_.files, run_directory).Outcome().has_value();
  due_ = ended ? Due::kJudge : Due::kLaunch;
  return absl::OkStatus();
}

absl::Status LiveJob::AdoptWorker(const WorkerIdentity& identity) {
  int attempt = 0;
  {
    absl::MutexLock lock(&mutex_);
    attempt = record_.attempts;
  }
  const absl::Status adopted =
      environment_.launcher.Adopt(name_, identity, ExitCallbackFor(attempt));
  if (absl::IsNotFound(adopted)) {
    absl::MutexLock lock(&mutex_);
    exit_ = WorkerExit();
    due_ = Due::kJudge;
    return absl::OkStatus();
  }
  KUR_RETURN_IF_ERROR(adopted);
  spdlog::info("job {}: adopted its worker, process {}", name_, identity.pid);
  return RecordLaunch(attempt, identity);
}

absl::Status LiveJob::Launch() {
  LaunchRequest request;
  int attempt = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (record_.cancel_requested) {
      return MoveToFinal(v1::JOB_STATE_CANCELLED, "cancelled before its worker started");
    }
    KUR_RETURN_IF_ERROR(OpenJournal());
    auto prepared = PrepareLaunch(environment_, record_, journal_->log()->last_worker_sequence());
    if (absl::IsResourceExhausted(prepared.status())) return prepared.status();
    if (!prepared.ok()) {
      return MoveToFinal(v1::JOB_STATE_FAILED,
                         absl::StrCat("cannot start the worker: ", prepared.status().message()));
    }
    request = *std::move(prepared);
    attempt = record_.attempts;
    due_ = Due::kNothing;
  }
  // Without the lock: the worker's end may be reported before this returns.
  return RecordLaunch(attempt, environment_.launcher.Launch(request, ExitCallbackFor(attempt)));
}

absl::Status LiveJob::RecordLaunch(int attempt, const absl::StatusOr<WorkerIdentity>& identity) {
  absl::MutexLock lock(&mutex_);
  if (IsFinal(record_.state) || record_.attempts != attempt) return absl::OkStatus();
  if (!identity.ok()) {
    return MoveToFinal(v1::JOB_STATE_FAILED,
                       absl::StrCat("cannot start the worker: ", identity.status().message()));
  }
  record_.worker_pid = identity->pid;
  record_.worker_start_ticks = identity->start_ticks;
  record_.worker_boot_id = identity->boot_id;
  Publish();
  const absl::Status recorded = environment_.store.Update(record_);
  // The worker runs all the same, and a later kurd finds it among the processes.
  if (!recorded.ok()) spdlog::error("job {}: {}", name_, recorded.ToString());
  return absl::OkStatus();
}

int LiveJob::DueSignal(absl::Time now) {
  const bool worker_runs = HasWorker(record_.state) && due_ == Due::kNothing &&
                           record_.attempts != ended_attempt_ && record_.worker_pid != 0;
  if (!record_.cancel_requested || !worker_runs || now < signal_at_) return 0;
  signal_at_ = now + environment_.terminate_grace;
  return std::exchange(next_signal_, SIGKILL);
}

absl::Status LiveJob::Step() {
  bool launch = false;
  {
    absl::MutexLock lock(&mutex_);
    if (unannounced_) {
      KUR_RETURN_IF_ERROR(journal_->Announce(record_));
      unannounced_ = false;
      Publish();
    }
    if (due_ == Due::kJudge) KUR_RETURN_IF_ERROR(JudgeEnd());
    launch = due_ == Due::kLaunch;
  }
  return launch ? Launch() : absl::OkStatus();
}

absl::Time LiveJob::Tick() {
  const absl::Time now = environment_.now();
  const absl::Status status = Step();
  if (!status.ok()) {
    spdlog::error("job {}: {}; trying again", name_, status.ToString());
    return now + kRetryAfter;
  }
  int signal = 0;
  absl::Time next = absl::InfiniteFuture();
  {
    absl::MutexLock lock(&mutex_);
    signal = DueSignal(now);
    if (record_.cancel_requested && HasWorker(record_.state)) next = signal_at_;
  }
  if (signal != 0) {
    spdlog::warn("job {}: the worker does not end; sending it signal {}", name_, signal);
    environment_.launcher.Signal(name_, signal).IgnoreError();
  }
  return next;
}

}  // namespace kur::server
