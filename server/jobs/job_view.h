#ifndef KUR_SERVER_JOBS_JOB_VIEW_H_
#define KUR_SERVER_JOBS_JOB_VIEW_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "kur/v1/job.pb.h"
#include "server/scheduler/scheduling_policy.h"
#include "server/store/job_store.h"

namespace kur::server {

// Returns the job as its owner sees it, but for its worker.
v1::Job ToJob(const JobRecord& record);

// Returns how often the job may be started again after its worker was killed.
int MaxRestarts(const JobRecord& record);

// Returns the job as the scheduling policy sees it.
SchedulableJob ToSchedulable(const JobRecord& record);

// What others see of an active job, who must not wait while it writes. Thread-safe.
class JobView {
 public:
  explicit JobView(const JobRecord& record) : record_(std::make_shared<const JobRecord>(record)) {}

  void Set(const JobRecord& record, bool is_settled);
  void SetProgress(const std::optional<v1::Progress>& progress);
  // What people should know of the job's worker; empty: nothing.
  void SetWorkerNote(const std::string& note);
  std::string worker_note() const;
  std::shared_ptr<const JobRecord> record() const;
  std::optional<v1::Progress> progress() const;
  bool is_settled() const;

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const JobRecord> record_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::Progress> progress_ ABSL_GUARDED_BY(mutex_);
  std::string worker_note_ ABSL_GUARDED_BY(mutex_);
  bool is_settled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_JOB_VIEW_H_
