#ifndef KUR_SERVER_JOBS_WORKER_ATTEMPT_H_
#define KUR_SERVER_JOBS_WORKER_ATTEMPT_H_

#include <optional>

#include "server/events/progress_tracker.h"
#include "server/jobs/exit_decision.h"
#include "server/jobs/worker_ending.h"
#include "server/launcher/launcher.h"
#include "server/protocol/run_directory.h"
#include "server/store/job_store.h"

namespace kur::server {

// What kurd knows of the worker of one attempt besides what is stored. Not thread-safe.
struct WorkerAttempt {
  // How the worker ended; nothing as long as it is not known to have ended.
  std::optional<WorkerExit> exit;
  // The worker ended before this kurd was there.
  bool ended_unseen = false;
  // The worker was started when the state directory had another name.
  bool directory_moved = false;
  WorkerEnding ending;
  // The events say already why the worker ended, and that it was silent.
  bool end_is_told = false;
  bool silence_is_told = false;
};

// Returns all that is known of the end of the attempt's worker: from its job, the job's events, and
// what the worker has left in the run directory.
WorkerEnd DescribeEnd(const WorkerAttempt& attempt, const JobRecord& job,
                      const ProgressTracker& tracker, RunDirectory& directory);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_WORKER_ATTEMPT_H_
