#ifndef KUR_SERVER_JOBS_LIVE_JOB_H_
#define KUR_SERVER_JOBS_LIVE_JOB_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "kur/v1/worker.pb.h"
#include "server/jobs/job_environment.h"
#include "server/jobs/job_journal.h"
#include "server/launcher/launcher.h"
#include "server/scheduler/scheduling_policy.h"
#include "server/store/job_store.h"

namespace kur::server {

// The way to a connected worker. Implementations are thread-safe and never call back from these.
class WorkerLink {
 public:
  virtual ~WorkerLink() = default;
  virtual void SendCommand(v1::Command::Kind command) = 0;
  virtual void Close(const absl::Status& status) = 0;
};

// A job that has not ended yet: its state machine, its journal, and its worker. Thread-safe; one
// job's file and database writes hold up nobody but callers of the same job.
//
// The store is written before the journal announces, so a state that anyone has seen is durable.
// When a write finds the disk full, the job keeps what it has to do and Tick() tries it again.
class LiveJob : public std::enable_shared_from_this<LiveJob> {
 public:
  LiveJob(JobEnvironment& environment, JobRecord record);

  // What is fixed at submission.
  int64_t id() const { return id_; }
  const std::string& name() const { return name_; }
  const std::string& owner() const { return owner_; }

  v1::JobState state() const;
  v1::Job Describe() const;
  SchedulableJob Schedulable() const;
  std::vector<std::string> devices() const;

  // True once the final state is in the store and announced: the job can be forgotten.
  bool IsSettled() const;

  // The job's events. Opens the log when first asked.
  absl::StatusOr<std::shared_ptr<EventLog>> Log();

  // Why the job waits, for people; kept in memory only.
  void SetWaitingReason(const std::string& reason);

  // After a restart of kurd: adopts the worker if it is still there, judges its end if not.
  // `find_orphan`: see FindOrphanWorker().
  absl::Status Recover(
      const std::string& boot_id,
      const std::function<std::optional<WorkerIdentity>(const std::string&)>& find_orphan);

  // QUEUED -> STARTING on these devices. The worker is started by the next Tick().
  absl::Status Start(const std::vector<std::string>& devices);

  // Does what is due: starts the worker, retries what a full disk prevented, signals a worker that
  // does not end. Called by one thread. Returns when to call again at the latest.
  absl::Time Tick();

  // Asks for the end. FAILED_PRECONDITION if the job has ended.
  absl::Status Cancel();
  // FAILED_PRECONDITION unless the job is running.
  absl::Status Checkpoint();

  // A worker says hello. PERMISSION_DENIED for a wrong secret or another process than the one that
  // was started; NOT_FOUND if the job has ended. A second connection replaces the first. Returns
  // the last durable worker_sequence.
  absl::StatusOr<int64_t> Connect(const v1::Hello& hello, const std::shared_ptr<WorkerLink>& link);
  // Sends the commands that waited for the connection; call after the worker was welcomed.
  void SendPendingCommands();
  // Takes what is new of the events and returns the last durable worker_sequence. An error closes
  // the stream: ABORTED if `link` was replaced, OUT_OF_RANGE for a gap.
  absl::StatusOr<int64_t> TakeEvents(const WorkerLink* link, std::vector<v1::Event> events);

 private:
  enum class Due { kNothing, kLaunch, kJudge };

  absl::Status OpenJournal() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // After a failed synchronisation of the journal, kurd must not promise anything any more.
  absl::Status RefuseIfUnsafe(absl::Status written);
  // Ends a job whose journal cannot be read, without an event. Returns `damage`. A worker that
  // still runs finds out when it connects.
  absl::Status Abandon(const absl::Status& damage) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes `next` durable and announces it.
  absl::Status Move(JobRecord next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status MoveToFinal(v1::JobState state, const std::string& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status MoveToStarting(const std::vector<std::string>& devices)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Take(std::vector<v1::Event> events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status JudgeEnd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The signal that is due for a worker that was told to end; 0: none.
  int DueSignal(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The step that is due; an error means that it is to be tried again.
  absl::Status Step();
  absl::Status Launch();
  absl::Status RecordLaunch(int attempt, const absl::StatusOr<WorkerIdentity>& identity);
  absl::Status AdoptWorker(const WorkerIdentity& identity);
  void OnExit(int attempt, const WorkerExit& exit);
  Launcher::ExitCallback ExitCallbackFor(int attempt);

  JobEnvironment& environment_;
  const int64_t id_;
  const std::string name_;
  const std::string owner_;

  // Shows others what `record_` and the journal say now. After every change.
  void Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // What others see of the job, who must not wait while it writes. Thread-safe.
  class View {
   public:
    explicit View(const JobRecord& record) : record_(std::make_shared<const JobRecord>(record)) {}

    void Set(const JobRecord& record, bool is_settled);
    void SetProgress(const std::optional<v1::Progress>& progress);
    std::shared_ptr<const JobRecord> record() const;
    std::optional<v1::Progress> progress() const;
    bool is_settled() const;

   private:
    mutable absl::Mutex mutex_;
    std::shared_ptr<const JobRecord> record_ ABSL_GUARDED_BY(mutex_);
    std::optional<v1::Progress> progress_ ABSL_GUARDED_BY(mutex_);
    bool is_settled_ ABSL_GUARDED_BY(mutex_) = false;
  };
  View view_;

  // Held while the job's files and the database are written.
  mutable absl::Mutex mutex_;
  JobRecord record_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<JobJournal> journal_ ABSL_GUARDED_BY(mutex_);  // null until opened
  std::weak_ptr<WorkerLink> link_ ABSL_GUARDED_BY(mutex_);
  Due due_ ABSL_GUARDED_BY(mutex_) = Due::kNothing;
  bool unannounced_ ABSL_GUARDED_BY(mutex_) = false;
  bool checkpoint_requested_ ABSL_GUARDED_BY(mutex_) = false;
  // How the worker ended, while that is to be judged.
  WorkerExit exit_ ABSL_GUARDED_BY(mutex_);
  bool machine_restarted_ ABSL_GUARDED_BY(mutex_) = false;
  // The latest attempt whose worker is known to be gone.
  int ended_attempt_ ABSL_GUARDED_BY(mutex_) = 0;
  // When a cancelled worker is signalled, and with what.
  absl::Time signal_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  int next_signal_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_LIVE_JOB_H_
