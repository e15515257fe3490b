#ifndef KUR_SERVER_JOBS_BLOB_SWEEP_H_
#define KUR_SERVER_JOBS_BLOB_SWEEP_H_

#include "absl/status/status.h"
#include "server/jobs/job_environment.h"

namespace kur::server {

// Tells the blob store which contents the jobs of the store name. DATA_LOSS, after all others, if a
// job is damaged: what it names is not known then.
absl::Status MarkNamedBlobs(const JobEnvironment& environment);

// Removes interrupted uploads, and contents that no job has come to name, which are too old.
// Removes no content while a job is damaged. A submission that is being checked meanwhile keeps
// what it has found, see BlobStore::Use().
absl::Status SweepBlobs(const JobEnvironment& environment);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_BLOB_SWEEP_H_
