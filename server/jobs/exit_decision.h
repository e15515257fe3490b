#ifndef KUR_SERVER_JOBS_EXIT_DECISION_H_
#define KUR_SERVER_JOBS_EXIT_DECISION_H_

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
  bool cancel_requested = false;
  std::string kill_reason;       // see WorkerEnding
  bool kill_is_final = false;    // see WorkerEnding
  bool directory_moved = false;  // the worker knows the state directory by an old name
  bool seen = true;              // kurd was there when the worker ended
  int restarts = 0;              // of those that count
  int max_restarts = 0;
  bool progressed = false;            // see ProgressTracker
  int attempts_without_progress = 0;  // see ProgressTracker
  std::string log_tail;               // the last of worker.log
};

// What becomes of the job.
struct ExitDecision {
  bool restart = false;                            // queue it, to go on from where it was saved
  bool counts = false;                             // the restart is one of `max_restarts`
  v1::JobState state = v1::JOB_STATE_UNSPECIFIED;  // final, unless `restart`
  // For a final state its reason, for a restart a warning for the log; for people.
  std::string reason;
};

// Decides what becomes of a job whose worker is gone. What the worker itself says of the end counts
// most, then that a person wanted it; a worker that was killed is started again unless that
// cannot help, has not helped before, or has been done as often as it may. What the machine, kurd
// or a move of the state directory is to blame for does not count. A pure function; thread-safe.
ExitDecision DecideAfterExit(const WorkerEnd& end);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_EXIT_DECISION_H_
