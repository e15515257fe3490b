#ifndef KUR_SERVER_STORE_JOB_STORE_H_
#define KUR_SERVER_STORE_JOB_STORE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "kur/v1/job.pb.h"
#include "kur/v1/kur.pb.h"
#include "server/store/frozen_job.pb.h"
#include "server/store/sqlite.h"

namespace kur::server {

// A job as the store keeps it.
struct JobRecord {
  // Fixed at submission.
  int64_t id = 0;
  std::string name;
  std::string owner;
  std::string project;
  std::string request_id;
  absl::Time submitted_at;
  FrozenJob frozen;

  // Written by JobStore::Update().
  v1::JobState state = v1::JOB_STATE_QUEUED;
  std::string reason;
  std::optional<absl::Time> started_at;
  std::optional<absl::Time> finished_at;
  int attempts = 0;
  bool cancel_requested = false;
  std::vector<std::string> devices;
  // Names the worker process for ever; a pid of 0 means that none was started yet.
  int64_t worker_pid = 0;
  uint64_t worker_start_ticks = 0;
  std::string worker_boot_id;
  // The last that was known when the job ended.
  std::optional<v1::Progress> progress;
};

// A job to be.
struct NewJob {
  std::string base_name;  // the name becomes BASE-N
  std::string owner;
  std::string project;
  std::string request_id;
  absl::Time submitted_at;
  FrozenJob frozen;
  std::vector<v1::SourceFile> sources;
};

// Which jobs a list has.
struct JobFilter {
  std::string owner;
  std::string project;               // empty: all
  std::vector<v1::JobState> states;  // empty: all
  int64_t before_id = 0;             // only older ones; 0: from the newest
  int limit = 100;
};

// The jobs, their sources and their artifacts, in one SQLite database (WAL, full synchronisation):
// what a call has written when it returns OK survives a loss of power. Thread-safe.
//
// When a synchronisation fails, the kernel may have dropped what was written: from then on every
// write answers UNAVAILABLE with the reason, until kurd is started again and reads what is there.
// A full disk is RESOURCE_EXHAUSTED, and the call can be repeated.
class JobStore {
 public:
  // Opens or creates the database and upgrades older ones. FAILED_PRECONDITION for a newer one.
  static absl::StatusOr<std::unique_ptr<JobStore>> Open(const std::string& path,
                                                        const std::string& vfs = "");

  // Stores the job under a name that was never used before. If the owner has a job of that
  // `request_id`, returns it instead, and `*inserted` is false.
  absl::StatusOr<JobRecord> Insert(const NewJob& job, bool* inserted);

  // Writes what may change of a job. FAILED_PRECONDITION if the stored state is final.
  absl::Status Update(const JobRecord& job);

  absl::StatusOr<std::optional<JobRecord>> FindByRequest(const std::string& owner,
                                                         const std::string& request_id);
  absl::StatusOr<std::optional<JobRecord>> FindByName(const std::string& name);
  // At most `limit` of the owner's jobs whose names begin with `prefix`, by name.
  absl::StatusOr<std::vector<JobRecord>> FindByPrefix(const std::string& owner,
                                                      const std::string& prefix, int limit);
  // Newest first.
  absl::StatusOr<std::vector<JobRecord>> List(const JobFilter& filter);
  // Every job whose state is not final, oldest first.
  absl::StatusOr<std::vector<JobRecord>> Unfinished();
  absl::StatusOr<std::map<v1::JobState, int64_t>> CountByState();

  absl::StatusOr<std::vector<v1::SourceFile>> Sources(int64_t job_id);

  // Adds artifacts, or replaces those of the same path.
  absl::Status PutArtifacts(int64_t job_id, const std::vector<v1::Artifact>& artifacts);
  // By path.
  absl::StatusOr<std::vector<v1::Artifact>> Artifacts(int64_t job_id);
  absl::StatusOr<std::optional<v1::Artifact>> FindArtifact(int64_t job_id, const std::string& path);

  // Refuses every write from now on: a synchronisation failed elsewhere in the state directory.
  void Refuse(const absl::Status& reason);

  // OK, or why nothing can be written any more.
  absl::Status health() const;

 private:
  JobStore(std::unique_ptr<SqlDatabase> database, std::unique_ptr<SqlDatabase> reader)
      : database_(std::move(database)), reader_(std::move(reader)) {}

  absl::Status Writable() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Remembers a failed synchronisation and says so.
  absl::Status Checked(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<JobRecord> InsertLocked(const NewJob& job, bool* inserted)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status UpdateLocked(const JobRecord& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status PutArtifactsLocked(int64_t job_id, const std::vector<v1::Artifact>& artifacts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<int64_t> NextNumber(const std::string& base_name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Rows of "SELECT <columns> FROM jobs " + `where`, with text parameters, then integer ones.
  // DATA_LOSS for a damaged row, unless these are to be left out.
  static absl::StatusOr<std::vector<JobRecord>> Select(SqlDatabase& database,
                                                       absl::string_view where,
                                                       const std::vector<std::string>& texts,
                                                       const std::vector<int64_t>& numbers,
                                                       bool skip_damaged = false);

  mutable absl::Mutex mutex_;
  std::unique_ptr<SqlDatabase> database_ ABSL_GUARDED_BY(mutex_);
  // A connection of its own, which sees what has been committed: who reads does not wait for who
  // synchronizes. Locked after `mutex_`, if both.
  mutable absl::Mutex reader_mutex_ ABSL_ACQUIRED_AFTER(mutex_);
  std::unique_ptr<SqlDatabase> reader_ ABSL_GUARDED_BY(reader_mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_STORE_JOB_STORE_H_
