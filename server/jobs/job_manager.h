#ifndef KUR_SERVER_JOBS_JOB_MANAGER_H_
#define KUR_SERVER_JOBS_JOB_MANAGER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/base/file_system.h"
#include "engine/base/timed_condition.h"
#include "kur/v1/kur.pb.h"
#include "server/auth/access_policy.h"
#include "server/jobs/active_job.h"
#include "server/jobs/ended_logs.h"
#include "server/jobs/job_environment.h"
#include "server/net/task_pool.h"
#include "server/net/user_quota.h"

namespace kur::server {

// An artifact whose content stays what it is while it is read.
struct OpenedArtifact {
  v1::Artifact artifact;
  std::unique_ptr<RandomAccessFile> file;
};

// The jobs of this server: accepts them, starts them as the scheduling policy decides, follows
// their workers, and finds them again after a restart. Keeps only jobs in memory that have not
// ended. Thread-safe. A job that does not exist, or that the access policy does not let the caller
// see, is NOT_FOUND; what he may not do to one that he sees is PERMISSION_DENIED; a prefix that
// fits several of his jobs is INVALID_ARGUMENT.
class JobManager {
 public:
  // Finds the jobs of an earlier kurd, adopts their workers, and begins to schedule.
  static absl::StatusOr<std::unique_ptr<JobManager>> Start(const JobEnvironment& environment);

  // As Stop().
  ~JobManager();

  // Stops scheduling; workers go on. From then on the launcher is not used any more. It must be
  // destroyed before the manager is, because its callbacks come here.
  void Stop();

  // See kur.v1.Jobs for what each does.
  // INVALID_ARGUMENT for a request that is too large. Quick, so that it can be asked before such a
  // request waits for Submit(), which checks this, too.
  static absl::Status CheckSize(const v1::SubmitJobRequest& request);
  absl::StatusOr<v1::Job> Submit(const Caller& caller, const v1::SubmitJobRequest& request);
  absl::StatusOr<v1::Job> Get(const Caller& caller, const std::string& name);
  absl::StatusOr<v1::ListJobsResponse> List(const Caller& caller,
                                            const v1::ListJobsRequest& request);
  absl::StatusOr<v1::Job> Cancel(const Caller& caller, const std::string& name);
  absl::Status RequestCheckpoint(const Caller& caller, const std::string& name);
  absl::StatusOr<std::shared_ptr<EventLog>> Events(const Caller& caller, const std::string& name);
  absl::StatusOr<v1::FrozenKurfile> Kurfile(const Caller& caller, const std::string& name);
  absl::StatusOr<std::vector<v1::Artifact>> Artifacts(const Caller& caller,
                                                      const std::string& name);
  // FAILED_PRECONDITION if `sha256` is given and the path has other content by now.
  absl::StatusOr<OpenedArtifact> OpenArtifact(const Caller& caller, const std::string& name,
                                              const std::string& path, const std::string& sha256);

  // Returns the job of a worker that says hello; NoSuchJob() if there is none or it has ended, so
  // that a worker learns nothing of jobs whose secret it has not.
  absl::StatusOr<std::shared_ptr<ActiveJob>> JobOfWorker(const std::string& name);

  // Returns the job that holds each device in use, by the device's name.
  std::map<std::string, JobIdentity> DeviceHolders() const;

  // Blocks until everything that is due at the moment of the call has been done. For tests.
  void WaitUntilIdle();

 private:
  explicit JobManager(const JobEnvironment& environment);

  absl::Status Recover();
  void Run();
  // One round of the scheduling thread; returns at which uptime the next is due at the latest.
  absl::Duration RunRound();
  // Returns false if a job that should start could not; to be tried again.
  bool Schedule(const std::vector<std::shared_ptr<ActiveJob>>& jobs);
  // Has `launch_pool_` remove old uploads, if that is due; returns when it is next.
  absl::Duration SweepIfDue();
  // Has `launch_pool_` read the job's events and launch its worker, if that is to be done.
  void DoSlowWork(const std::shared_ptr<ActiveJob>& job);
  void AddTask(const std::shared_ptr<ActiveJob>& job, void (ActiveJob::*task)());
  void ForgetSettled(const std::vector<std::shared_ptr<ActiveJob>>& jobs);
  void MarkChanged();
  void NoteChange() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsUrgent() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return changed_ || stopping_; }
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return IsUrgent() || submitted_; }

  // Returns the job of that name, or of that unambiguous prefix among the caller's, if the access
  // policy lets the caller do `action` to it. The one place that asks.
  absl::StatusOr<JobRecord> Find(const Caller& caller, Action action, const std::string& name);
  // Reads the record again: the one that was found first may be from before the job's end.
  absl::StatusOr<JobRecord> ReadAgain(const JobRecord& record);
  // Returns the active job of a record, or null if it has ended.
  absl::StatusOr<std::shared_ptr<ActiveJob>> Active(const JobRecord& record);
  std::shared_ptr<ActiveJob> FindActive(int64_t id) const;
  std::vector<std::shared_ptr<ActiveJob>> ActiveJobs() const;
  // Returns what a job of the store looks like now.
  v1::Job Describe(const JobRecord& record) const;

  const JobEnvironment environment_;
  absl::Duration next_sweep_ = -absl::InfiniteDuration();  // of the scheduling thread
  const std::function<void()> on_change_ = [this] { MarkChanged(); };
  EndedLogs ended_logs_;
  UserQuota job_bytes_;

  mutable absl::Mutex mutex_;
  TimedCondition work_arrived_;  // HasWork() or IsUrgent() may have become true
  // By id, which is the order of submission.
  std::map<int64_t, std::shared_ptr<ActiveJob>> active_ ABSL_GUARDED_BY(mutex_);
  // What those of them take of `job_bytes_`.
  std::map<int64_t, UserQuota::Share> shares_ ABSL_GUARDED_BY(mutex_);
  // Jobs that have been taken out of `active_`.
  int64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;
  // Something has changed that jobs in the queue may wait for; jobs have been added.
  bool changed_ ABSL_GUARDED_BY(mutex_) = true;
  bool submitted_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Rounds that have begun, and rounds that are over.
  int64_t rounds_begun_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t rounds_done_ ABSL_GUARDED_BY(mutex_) = 0;
  // What has been handed to `launch_pool_` for jobs and is not over.
  int64_t tasks_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of their own: starting a worker synchronizes files and waits for a process, and schedulers of
  // clusters take seconds.
  std::unique_ptr<TaskPool> launch_pool_;
  std::thread thread_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_JOB_MANAGER_H_
