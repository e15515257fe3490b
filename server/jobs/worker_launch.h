#ifndef KUR_SERVER_JOBS_WORKER_LAUNCH_H_
#define KUR_SERVER_JOBS_WORKER_LAUNCH_H_

#include "absl/status/statusor.h"
#include "server/jobs/job_environment.h"
#include "server/launcher/launcher.h"
#include "server/store/job_store.h"

namespace kur::server {

// Lays out the run directory, the workspace and the user's folder for the job's worker. Doing so
// again is fine. FAILED_PRECONDITION if a device of the job is not on this machine any more;
// RESOURCE_EXHAUSTED on a full disk. The caller wipes `secrets` of the request. Another error if
// one of the job's secrets is not to be had any more. `acknowledged`: the highest worker_sequence
// of the job's log.
absl::StatusOr<LaunchRequest> PrepareLaunch(const JobEnvironment& environment,
                                            const JobRecord& record, int64_t acknowledged);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_WORKER_LAUNCH_H_
