#ifndef KUR_SERVER_JOBS_USED_NUMBERS_H_
#define KUR_SERVER_JOBS_USED_NUMBERS_H_

#include "absl/status/status.h"
#include "server/jobs/job_environment.h"

namespace kur::server {

// Has no new job get the name, and so the files, of one that the database does not know: it may be
// older than the run directories, as after a backup. To be called before a job is submitted.
absl::Status SkipUsedNumbers(const JobEnvironment& environment);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_USED_NUMBERS_H_
