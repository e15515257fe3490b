#include "server/jobs/worker_attempt.h"

#include <cstdint>
#include <string>

#include "engine/base/utf8.h"
#include "server/jobs/job_view.h"

namespace kur::server {
namespace {

constexpr int64_t kLogTailBytes = 2048;
constexpr int64_t kMaxReasonCharacters = 4096;

}  // namespace

WorkerEnd DescribeEnd(const WorkerAttempt& attempt, const JobRecord& job,
                      const ProgressTracker& tracker, RunDirectory& directory) {
  WorkerEnd end;
  end.exit = attempt.exit.value_or(WorkerExit());
  end.outcome = directory.Outcome();
  if (end.outcome.has_value()) {
    end.outcome->set_reason(
        std::string(CharacterPrefix(end.outcome->reason(), kMaxReasonCharacters)));
  }
  end.cancel_requested = job.desired_state == DESIRED_STATE_END;
  end.kill_reason = attempt.ending.kill_reason();
  end.kill_is_final = attempt.ending.kill_is_final();
  end.directory_moved = attempt.directory_moved;
  end.seen = !attempt.ended_unseen;
  end.restarts = job.history.restarts();
  end.max_restarts = MaxRestarts(job);
  end.progressed = tracker.progressed();
  end.attempts_without_progress =
      tracker.attempts_without_progress() - ExcusedAttempts(job.history, tracker);
  end.log_tail = directory.LogTail(kLogTailBytes);
  return end;
}

}  // namespace kur::server
