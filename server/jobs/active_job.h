#ifndef KUR_SERVER_JOBS_ACTIVE_JOB_H_
#define KUR_SERVER_JOBS_ACTIVE_JOB_H_

#include <cstdint>
#include <functional>
#include <memory>
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
#include "server/jobs/job_view.h"
#include "server/jobs/worker_attempt.h"
#include "server/jobs/worker_connection.h"
#include "server/jobs/worker_watch.h"
#include "server/launcher/launcher.h"
#include "server/scheduler/scheduling_policy.h"
#include "server/store/job_store.h"

namespace kur::server {

// A job that has not ended yet: its state machine, its journal, and its worker. Thread-safe; one
// job's file and database writes hold up nobody but callers of the same job.
//
// The store is written before the journal announces, so a state that anyone has seen is durable.
// When a write finds the disk full, the job keeps what it has to do and RunDueWork() tries again.
class ActiveJob : public std::enable_shared_from_this<ActiveJob> {
 public:
  // `on_change` is called, with no lock held, when something has changed that scheduling depends
  // on. Both must outlive the job.
  ActiveJob(const JobEnvironment& environment, const std::function<void()>& on_change,
            JobRecord record);

  // What is fixed at submission.
  int64_t id() const { return id_; }
  const std::string& name() const { return name_; }
  const std::string& owner() const { return owner_; }

  // What others see of the job. None of these waits for the job's writes.
  v1::JobState state() const { return view_.record()->state; }
  v1::Job Describe() const;
  SchedulableJob Schedulable() const { return ToSchedulable(*view_.record()); }
  std::vector<std::string> devices() const { return view_.record()->devices; }

  // Returns true once the final state is in the store and announced: the job can be forgotten.
  bool IsSettled() const { return view_.is_settled(); }

  // Returns the job's events. Opens the log when first asked, which may take long.
  absl::StatusOr<std::shared_ptr<EventLog>> Log();

  // Sets why the job waits, for people; kept in memory only.
  void SetWaitingReason(const std::string& reason);

  // After a restart of kurd: watches the worker if it is still there, and finds out how it ended if
  // not. Nothing more is done about the job until its events have been read. DATA_LOSS if its run
  // directory is gone: the job has FAILED then.
  absl::Status Recover();

  // Returns true, once, if the events that an earlier kurd has left are to be read: the caller then
  // calls ReadEvents(), on a thread that may wait for it. Nobody else waits meanwhile, except in
  // Log().
  bool ClaimReading();
  void ReadEvents();

  // Gives the job these devices and makes it STARTING. The worker is to be launched then.
  // FAILED_PRECONDITION while its events are to be read.
  absl::Status Start(const std::vector<std::string>& devices);

  // Does what is due, but for launching the worker: tries again what a full disk prevented, brings
  // the job closer to what is wanted of it, signals a worker that does not end or hangs. Called by
  // one
  // thread. Returns at which uptime to call again at the latest.
  absl::Duration RunDueWork();

  // Returns true, once, if the worker is to be launched: the caller then calls Launch(), on a
  // thread that may wait for files and processes.
  bool ClaimLaunch();
  void Launch();

  // Returns true, once, if the events that a worker has left are to be read, which is gone: the
  // caller then calls ReadSpool(), on a thread that may wait for files.
  bool ClaimSpool();
  void ReadSpool();

  // Asks for the end, which is durable when this returns, but on a full disk: kurd works towards
  // the end then, and stores that it is wanted as soon as it can. FAILED_PRECONDITION if the job
  // has ended.
  absl::Status Cancel();
  // Has the worker write a checkpoint; durable, so also a worker that is away now, or started again
  // by then, is told. FAILED_PRECONDITION unless the job is running, RESOURCE_EXHAUSTED if the
  // worker is behind with too many.
  absl::Status RequestCheckpoint();

  // Connects a worker that says hello; errors are those of CheckHello(), and UNAVAILABLE while the
  // job's events are to be read. A second connection replaces the first.
  // Returns the last durable worker_sequence.
  absl::StatusOr<int64_t> Connect(const v1::Hello& hello, const std::shared_ptr<WorkerLink>& link);
  // Sends the worker commands from now on; call once it was welcomed.
  void OnWelcomed();
  // Appends those of the events that are new, and returns the last durable worker_sequence. An
  // error closes the stream: ABORTED if `link` was replaced, OUT_OF_RANGE for a gap.
  absl::StatusOr<int64_t> AppendWorkerEvents(const WorkerLink* link, std::vector<v1::Event> events);
  // Notes a sign of life. ABORTED as above.
  absl::Status OnHeartbeat(const WorkerLink* link, const v1::Heartbeat& heartbeat);

 private:
  enum class Work {
    kNone,
    kLaunch,        // the worker is to be launched
    kLaunching,     // Launch() has been claimed
    kReadSpool,     // the worker has ended; its last events are to be read
    kReadingSpool,  // ReadSpool() has been claimed
    kHandleExit,    // the worker's last events have been read
  };

  enum class Events {
    kAtHand,   // open, or opened without delay
    kUnread,   // of an earlier kurd, and maybe many; read when something needs them
    kWanted,   // to be read
    kReading,  // ReadEvents() has been claimed
  };

  // The text with paths of the run directory relative to it, as the job's owner knows them.
  std::string InRunDirectory(const std::string& text) const;

  // Shows others what `record_` and the journal say now. After every change.
  void Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status OpenJournal() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status UseJournal(absl::StatusOr<std::unique_ptr<JobJournal>> journal)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::unique_ptr<JobJournal>> ReadJournal(const JobRecord& record) const;
  // Returns whether OpenJournal() may be called; if not, has the events read.
  bool EventsAreAtHand() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool EventsAreNotBeingRead() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return events_ != Events::kReading;
  }
  // Returns `written`. After a failed synchronization of the journal, makes kurd promise nothing
  // more.
  absl::Status RefuseIfUnsafe(absl::Status written);
  // Ends a job whose journal cannot be read, without an event. Returns `damage`. A worker that
  // still runs finds out when it connects.
  absl::Status Abandon(const absl::Status& damage) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Makes `next` durable, without a change of state.
  absl::Status Store(JobRecord next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes `next` durable and announces its state.
  absl::Status Move(JobRecord next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status MoveToFinal(v1::JobState state, const std::string& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives the devices back: the scheduling policy decides when and where the worker starts again.
  // `counts`: see ExitDecision. The journal must be open.
  absl::Status MoveToQueued(bool counts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The steps of RunDueWork(); an error means that they are to be tried again.
  absl::Status RunSteps() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status HandleWorkerExit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Brings the job one step closer to its desired state: the one place that acts on it.
  absl::Status Reconcile() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns whether the worker of this attempt was launched and is not known to have ended.
  bool WorkerRuns() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Has a worker killed that hangs, and says so.
  absl::Status CheckWorker() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Warn(const std::string& text) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Status AppendEvents(std::vector<v1::Event> events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // FAILED_PRECONDITION if the events are more than kurd keeps: the worker is killed then.
  absl::Status CheckEventSpace(const std::vector<v1::Event>& events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Appends what the worker had not got acknowledged.
  absl::Status AppendSpooled() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Status LaunchWorker();
  // Remembers the worker of `attempt`, or that it could not be launched.
  absl::Status RecordLaunch(int attempt, const absl::StatusOr<WorkerHandle>& worker);
  void OnExit(int attempt, const WorkerExit& exit);
  Launcher::ExitCallback ExitCallbackFor(int attempt);

  const JobEnvironment& environment_;
  const std::function<void()>& on_change_;
  const int64_t id_;
  const std::string name_;
  const std::string owner_;
  JobView view_;

  // Held while the job's files and the database are written.
  mutable absl::Mutex mutex_;
  JobRecord record_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<JobJournal> journal_ ABSL_GUARDED_BY(mutex_);  // null until opened
  // The job's state stays as it is unless they are at hand.
  Events events_ ABSL_GUARDED_BY(mutex_) = Events::kAtHand;
  // That the job is to end is not in the store yet.
  bool is_end_unstored_ ABSL_GUARDED_BY(mutex_) = false;
  bool unannounced_ ABSL_GUARDED_BY(mutex_) = false;
  Work work_ ABSL_GUARDED_BY(mutex_) = Work::kNone;
  // At which uptime a launch that could not be made, or a spool that could not be read, is tried
  // again.
  absl::Duration work_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();

  WorkerConnection connection_ ABSL_GUARDED_BY(mutex_);
  WorkerWatch watch_ ABSL_GUARDED_BY(mutex_);
  // The latest one; as new while the job is in the queue.
  WorkerAttempt attempt_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_ACTIVE_JOB_H_
