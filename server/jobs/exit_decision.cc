#include "server/jobs/exit_decision.h"

#include <algorithm>
#include <csignal>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/protocol/job_state.h"
#include "server/protocol/worker_paths.h"

namespace kur::server {
namespace {

std::string SignalName(int signal) {
  const char* name = sigabbrev_np(signal);
  if (name == nullptr) return absl::StrCat("signal ", signal);
  return absl::StrCat("signal ", signal, " (SIG", name, ")");
}

std::string Describe(const WorkerEnd& end) {
  if (!end.kill_reason.empty()) {
    return absl::StrCat("the worker was killed because ", end.kill_reason);
  }
  if (end.exit.exceeded_memory > 0) {
    return absl::StrFormat(
        "out of memory: the worker needed more than the limit of %.1f GiB (kurd --worker-memory)",
        static_cast<double>(end.exit.exceeded_memory) / (int64_t{1} << 30));
  }
  if (end.exit.host_restarted) return "the machine was restarted while the worker ran";
  if (end.exit.is_of_original) {
    return "this state directory is a copy: the worker belongs to the original and is left alone";
  }
  if (!end.exit.known && end.seen) {
    return "the worker ended, leaving no outcome; an earlier kurd had started it, so this one "
           "cannot "
           "tell how";
  }
  if (!end.exit.known) return "the worker ended while kurd was not watching, leaving no outcome";
  return absl::StrCat("the worker was killed by ", SignalName(end.exit.signal),
                      // Data files are mapped.
                      end.exit.signal == SIGBUS
                          ? ", as happens when a data file is cut short while it is in use"
                          : "");
}

std::string WithLog(std::string reason, const std::string& log_tail) {
  const absl::string_view text = absl::StripAsciiWhitespace(log_tail);
  if (!text.empty()) absl::StrAppend(&reason, "; its last words:\n", text);
  return reason;
}

ExitDecision Final(v1::JobState state, std::string reason) {
  ExitDecision decision;
  decision.state = state;
  decision.reason = std::move(reason);
  return decision;
}

}  // namespace

int ExcusedAttempts(const RunHistory& history, const ProgressTracker& tracker) {
  // Those from before the progress count no more.
  return std::min(history.excused_attempts(), std::max(0, tracker.attempts_without_progress() - 1));
}

ExitDecision DecideAfterExit(const WorkerEnd& end) {
  if (end.outcome.has_value() && IsFinal(end.outcome->state())) {
    return Final(end.outcome->state(), end.outcome->reason());
  }
  if (end.cancel_requested) {
    return Final(v1::JOB_STATE_CANCELLED,
                 "cancelled; the worker ended without having written its last weights");
  }
  if (end.kill_is_final) return Final(v1::JOB_STATE_FAILED, Describe(end));
  const bool exited = end.exit.known && end.exit.signal == 0 && end.kill_reason.empty();
  if (exited && end.exit.exit_code == worker::kNoSpaceExitCode) {
    return Final(v1::JOB_STATE_FAILED,
                 WithLog("the disk of the server is full: the worker could not write how the job "
                         "ended; free some space there, then submit the job again",
                         end.log_tail));
  }
  if (exited) {
    return Final(v1::JOB_STATE_FAILED,
                 WithLog(absl::StrCat("the worker exited with code ", end.exit.exit_code,
                                      " without saying how the job ended"),
                         end.log_tail));
  }
  const bool blameless = end.exit.host_restarted || end.exit.is_of_original || end.directory_moved;
  // Memory that was too little is too little again, unless it has grown while the job got further.
  if (!end.progressed && end.exit.exceeded_memory > 0) {
    return Final(v1::JOB_STATE_FAILED,
                 WithLog(absl::StrCat(Describe(end),
                                      "; make the batches smaller, or ask the operator for more"),
                         end.log_tail));
  }
  const bool counts = !blameless && end.seen;
  const bool hopeless =
      counts && !end.progressed && end.attempts_without_progress >= kMaxAttemptsWithoutProgress;
  if (hopeless) {
    const std::string hint =
        end.exit.signal == 9
            ? "; if memory ran out, make the batches smaller or give the machine more memory"
            : "";
    return Final(
        v1::JOB_STATE_FAILED,
        WithLog(absl::StrCat(Describe(end), " three times without progress", hint), end.log_tail));
  }
  ExitDecision decision;
  decision.counts = counts;
  if (counts && end.restarts >= end.max_restarts) {
    return Final(v1::JOB_STATE_FAILED,
                 WithLog(absl::StrCat(Describe(end), "; it is not started again after ",
                                      end.restarts, " of at most ", end.max_restarts,
                                      " restarts (kurctl submit --max-restarts)"),
                         end.log_tail));
  }
  decision.restart = true;
  decision.reason = absl::StrCat(
      Describe(end), "; it is started again, and goes on from what it has saved, if anything");
  return decision;
}

}  // namespace kur::server
