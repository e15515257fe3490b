#ifndef KUR_SERVER_JOBS_WORKER_LAUNCH_H_
#define KUR_SERVER_JOBS_WORKER_LAUNCH_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "server/jobs/job_environment.h"
#include "server/launcher/launcher.h"
#include "server/store/job_store.h"

namespace kur::server {

// What kurd has of a job's events.
struct KnownEvents {
  int64_t acknowledged = 0;  // the highest worker_sequence
  int64_t bytes = 0;
};

// Lays out the run directory, the workspace and the user's folder for the job's worker. Doing so
// again is fine. FAILED_PRECONDITION if a device of the job is not on this machine any more;
// RESOURCE_EXHAUSTED on a full disk. Another error if one of the job's secrets is not to be had any
// more. The caller wipes `secrets` of the request.
absl::StatusOr<LaunchRequest> PrepareLaunch(const JobEnvironment& environment,
                                            const JobRecord& record, const KnownEvents& events);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_WORKER_LAUNCH_H_
