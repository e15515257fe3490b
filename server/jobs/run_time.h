#ifndef KUR_SERVER_JOBS_RUN_TIME_H_
#define KUR_SERVER_JOBS_RUN_TIME_H_

#include "absl/time/time.h"
#include "server/jobs/job_environment.h"
#include "server/store/job_store.h"

namespace kur::server {

// When a job ran and for how long, whatever was done to the time of day meanwhile. Thread-safe.

// Notes that the job is started. Only the first time counts.
void MarkStarted(const JobEnvironment& environment, JobRecord* job);

// Notes that the job has ended.
void MarkFinished(const JobEnvironment& environment, JobRecord* job);

// Returns the time since a job that has not ended was started first; zero before that. By the time
// of day only if the machine has been restarted since.
absl::Duration ElapsedTime(const JobEnvironment& environment, const JobRecord& job);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_RUN_TIME_H_
