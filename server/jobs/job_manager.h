#ifndef KUR_SERVER_JOBS_JOB_MANAGER_H_
#define KUR_SERVER_JOBS_JOB_MANAGER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/base/unique_fd.h"
#include "kur/v1/kur.pb.h"
#include "kur/v1/worker.pb.h"
#include "server/jobs/ended_logs.h"
#include "server/jobs/live_job.h"
#include "server/launcher/orphan_worker.h"

namespace kur::server {

// What the manager works with. Everything must outlive it and is thread-safe.
struct JobManagerOptions {
  FileSystem* files = &FileSystem::Posix();
  const StateLayout* layout = nullptr;
  JobStore* store = nullptr;
  BlobStore* blobs = nullptr;
  Launcher* launcher = nullptr;
  const DeviceInventory* inventory = nullptr;
  const SchedulingPolicy* policy = nullptr;
  EventDispatcher* dispatcher = nullptr;
  Metrics* metrics = nullptr;
  DataPolicy data;
  absl::Duration cancel_grace = absl::Seconds(30);
  absl::Duration terminate_grace = absl::Seconds(10);
  std::function<absl::Time()> now = absl::Now;
  // Changes with every start of the machine.
  std::string boot_id;
  std::function<std::optional<WorkerIdentity>(const std::string&)> find_orphan = FindOrphanWorker;
};

// An artifact whose content stays what it is while it is read.
struct OpenedArtifact {
  v1::Artifact artifact;
  UniqueFd file;
};

// The jobs of this server: accepts them, starts them as the scheduling policy decides, follows
// their workers, and finds them again after a restart. Keeps only jobs in memory that have not
// ended. Thread-safe. `user` is always the authenticated caller; a job of someone else is
// PERMISSION_DENIED, one that does not exist NOT_FOUND, a prefix that fits several of the user's
// INVALID_ARGUMENT.
class JobManager {
 public:
  // Finds the jobs of an earlier kurd, adopts their workers, and begins to schedule.
  static absl::StatusOr<std::unique_ptr<JobManager>> Start(const JobManagerOptions& options);

  // As Stop().
  ~JobManager();

  // Stops scheduling; workers go on. From then on the launcher is not used any more. It must be
  // destroyed before the manager is, because its callbacks come here.
  void Stop();

  // See kur.v1.Jobs for what each does.
  absl::StatusOr<v1::Job> Submit(const std::string& user, const v1::SubmitJobRequest& request);
  absl::StatusOr<v1::Job> Get(const std::string& user, const std::string& name);
  absl::StatusOr<v1::ListJobsResponse> List(const std::string& user,
                                            const v1::ListJobsRequest& request);
  absl::StatusOr<v1::Job> Cancel(const std::string& user, const std::string& name);
  absl::Status Checkpoint(const std::string& user, const std::string& name);
  absl::StatusOr<std::shared_ptr<EventLog>> Events(const std::string& user,
                                                   const std::string& name);
  absl::StatusOr<v1::FrozenKurfile> Kurfile(const std::string& user, const std::string& name);
  absl::StatusOr<std::vector<v1::Artifact>> Artifacts(const std::string& user,
                                                      const std::string& name);
  // FAILED_PRECONDITION if `sha256` is given and the path has other content by now.
  absl::StatusOr<OpenedArtifact> OpenArtifact(const std::string& user, const std::string& name,
                                              const std::string& path, const std::string& sha256);

  // The job of a worker that says hello; NOT_FOUND if there is none or it has ended.
  absl::StatusOr<std::shared_ptr<LiveJob>> JobOfWorker(const std::string& name);

  // The job that holds each device in use.
  struct Holder {
    std::string job;
    std::string owner;
  };
  std::map<std::string, Holder> DeviceHolders() const;

  // Blocks until everything that is due at the moment of the call has been done. For tests.
  void Settle();

 private:
  explicit JobManager(const JobManagerOptions& options);

  absl::Status Recover();
  void Run();
  // One round of the scheduling thread; returns when the next is due at the latest.
  absl::Time Round();
  // False if a job that should start could not; to be tried again.
  bool Schedule(const std::vector<std::shared_ptr<LiveJob>>& jobs);
  void ForgetSettled(const std::vector<std::shared_ptr<LiveJob>>& jobs);
  void MarkChanged();
  bool MustRun() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return changed_ || stopping_; }

  // The user's job of that name or unambiguous prefix.
  absl::StatusOr<JobRecord> Resolve(const std::string& user, const std::string& name);
  // The live job of a record, or null if it has ended.
  absl::StatusOr<std::shared_ptr<LiveJob>> Live(const JobRecord& record);
  std::shared_ptr<LiveJob> FindLive(int64_t id) const;
  std::vector<std::shared_ptr<LiveJob>> LiveJobs() const;
  // What a job of the store looks like now.
  v1::Job Describe(const JobRecord& record) const;

  const JobManagerOptions options_;
  JobEnvironment environment_;
  EndedLogs ended_logs_;

  mutable absl::Mutex mutex_;
  // By id, which is the order of submission.
  std::map<int64_t, std::shared_ptr<LiveJob>> live_ ABSL_GUARDED_BY(mutex_);
  // Jobs that have been taken out of `live_`.
  int64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;
  bool changed_ ABSL_GUARDED_BY(mutex_) = true;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Rounds that have begun, and rounds that are over.
  int64_t rounds_begun_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t rounds_done_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_JOB_MANAGER_H_
