#ifndef KUR_SERVER_JOBS_EXIT_DECISION_H_
#define KUR_SERVER_JOBS_EXIT_DECISION_H_

#include <optional>
#include <string>

#include "kur/v1/job.pb.h"
#include "kur/v1/worker.pb.h"
#include "server/events/progress_tracker.h"
#include "server/launcher/launcher.h"
#include "server/store/job_record.pb.h"

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
  bool progressed = false;  // see ProgressTracker
  // See ProgressTracker, but for attempts that are excused.
  int attempts_without_progress = 0;
  std::string log_tail;  // the last of worker.log
};

// What becomes of the job.
struct ExitDecision {
  bool restart = false;  // queue it, to go on from where it was saved
  // The restart is one of `max_restarts`, and the attempt, if in vain, one of the three; else the
  // attempt is excused.
  bool counts = false;
  v1::JobState state = v1::JOB_STATE_UNSPECIFIED;  // final, unless `restart`
  // For a final state its reason, for a restart a warning for the log; for people.
  std::string reason;
};

// Returns how many attempts before the current one are excused among those that `tracker` counts as
// without progress.
int ExcusedAttempts(const RunHistory& history, const ProgressTracker& tracker);

// Decides what becomes of a job whose worker is gone. What the worker itself says of the end counts
// most, then that a person wanted it; a worker that was killed is started again unless that cannot
// help, has not helped before, or has been done as often as it may. What the machine, kurd or a
// move of the state directory is to blame for, or what nobody saw, does not count. A pure function;
// thread-safe.
ExitDecision DecideAfterExit(const WorkerEnd& end);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_EXIT_DECISION_H_
