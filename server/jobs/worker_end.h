#ifndef KUR_SERVER_JOBS_WORKER_END_H_
#define KUR_SERVER_JOBS_WORKER_END_H_

#include <optional>
#include <string>

#include "kur/v1/job.pb.h"
#include "kur/v1/worker.pb.h"
#include "server/launcher/launcher.h"

namespace kur::server {

// How often a worker may die in a row without having got any further.
constexpr int kMaxAttemptsWithoutProgress = 3;

// All that is known when a job's worker is gone.
struct WorkerEnd {
  WorkerExit exit;
  // What the worker left in outcome.pb.
  std::optional<v1::Outcome> outcome;
  // The machine was started anew meanwhile: not the worker's fault.
  bool machine_restarted = false;
  bool cancel_requested = false;
  bool progressed = false;            // see ProgressTracker
  int attempts_without_progress = 0;  // see ProgressTracker
  std::string log_tail;               // the last of worker.log
};

// What becomes of the job.
struct WorkerVerdict {
  bool restart = false;                            // go on from the checkpoint
  v1::JobState state = v1::JOB_STATE_UNSPECIFIED;  // final, unless `restart`
  // For a final state its reason, for a restart a warning for the log; for people.
  std::string reason;
};

// A pure function.
WorkerVerdict Judge(const WorkerEnd& end);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_WORKER_END_H_
