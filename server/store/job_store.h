#ifndef KUR_SERVER_STORE_JOB_STORE_H_
#define KUR_SERVER_STORE_JOB_STORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kur/v1/job.pb.h"
#include "kur/v1/kur.pb.h"
#include "server/store/job_record.pb.h"
#include "server/store/state_database.h"

namespace kur::server {

// How often a job is started again after its worker was killed, unless someone says.
constexpr int kDefaultMaxRestarts = 16;

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
  DesiredState desired_state = DESIRED_STATE_RUN;
  std::vector<std::string> devices;
  // The launcher's handle of the worker; empty if none was started yet.
  std::string worker;
  PendingCommands commands;
  RunHistory history;
  // The last that was known when the job ended.
  std::optional<v1::Progress> progress;
};

// A job to be.
struct NewJob {
  std::string base_name;  // the name becomes BASE-ID
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

// The jobs, their sources and their artifacts. What a call has written when it returns OK survives
// a loss of power; errors of writing are those of StateDatabase. Thread-safe.
class JobStore {
 public:
  // `database` must outlive the store.
  explicit JobStore(StateDatabase& database) : database_(database) {}

  // Stores the job under a name that was never used before. If the owner has a job of that
  // `request_id`, returns it instead, and `*inserted` is false.
  absl::StatusOr<JobRecord> Insert(const NewJob& job, bool* inserted);
  // Returns the number that a job was given last, or that was skipped; 0 before the first.
  absl::StatusOr<int64_t> LastNumber();
  // Has the numbers of new jobs begin after `number`, if they would not.
  absl::Status SkipNumbers(int64_t number);

  // Writes what may change of a job. FAILED_PRECONDITION if the stored state is final. That a job
  // ends, or is to end, is written on a full disk too (see StateDatabase::WriteFromReserve()).
  absl::Status Update(const JobRecord& job);

  absl::StatusOr<std::optional<JobRecord>> FindByRequest(const std::string& owner,
                                                         const std::string& request_id);
  // Returns whose job it is, and reads nothing else of it.
  absl::StatusOr<std::optional<std::string>> OwnerOf(const std::string& name);
  absl::StatusOr<std::optional<JobRecord>> FindByName(const std::string& name);
  // Returns at most `limit` of the owner's jobs whose names begin with `prefix`, by name.
  absl::StatusOr<std::vector<JobRecord>> FindByPrefix(const std::string& owner,
                                                      const std::string& prefix, int limit);
  // Returns the newest first.
  absl::StatusOr<std::vector<JobRecord>> List(const JobFilter& filter);
  // Calls `visit` with every job that there ever was, oldest first; it must not use the store.
  // DATA_LOSS, after all others, if there are damaged ones.
  absl::Status ForEach(absl::FunctionRef<void(const JobRecord&)> visit);
  // Returns every job whose state is not final, oldest first.
  absl::StatusOr<std::vector<JobRecord>> Unfinished();
  absl::StatusOr<std::map<v1::JobState, int64_t>> CountByState();

  absl::StatusOr<std::vector<v1::SourceFile>> Sources(int64_t job_id);

  // Adds artifacts, or replaces those of the same path.
  absl::Status PutArtifacts(int64_t job_id, const std::vector<v1::Artifact>& artifacts);
  // Returns the job's artifacts by path.
  absl::StatusOr<std::vector<v1::Artifact>> Artifacts(int64_t job_id);
  absl::StatusOr<std::optional<v1::Artifact>> FindArtifact(int64_t job_id, const std::string& path);

 private:
  StateDatabase& database_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_STORE_JOB_STORE_H_
