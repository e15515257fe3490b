#include "server/protocol/job_state.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace kur {

bool IsKnown(v1::JobState state) {
  return std::find(kAllStates.begin(), kAllStates.end(), state) != kAllStates.end();
}

bool IsFinal(v1::JobState state) {
  return HasSucceeded(state) || HasFailed(state) || WasCancelled(state);
}

bool HasSucceeded(v1::JobState state) { return state == v1::JOB_STATE_SUCCEEDED; }

bool HasFailed(v1::JobState state) { return state == v1::JOB_STATE_FAILED; }

bool WasCancelled(v1::JobState state) { return state == v1::JOB_STATE_CANCELLED; }

bool HasWorker(v1::JobState state) {
  return state == v1::JOB_STATE_STARTING || state == v1::JOB_STATE_RUNNING;
}

bool HoldsDevices(v1::JobState state) { return HasWorker(state); }

bool WaitsForDevices(v1::JobState state) { return state == v1::JOB_STATE_QUEUED; }

bool IsAtWork(v1::JobState state) { return state == v1::JOB_STATE_RUNNING; }

bool BeginsAttempt(v1::JobState state) { return state == v1::JOB_STATE_STARTING; }

std::vector<v1::JobState> StatesWhere(bool (*holds)(v1::JobState)) {
  std::vector<v1::JobState> states;
  std::copy_if(kAllStates.begin(), kAllStates.end(), std::back_inserter(states), holds);
  return states;
}

absl::string_view StateName(v1::JobState state) {
  switch (state) {
    case v1::JOB_STATE_QUEUED:
      return "queued";
    case v1::JOB_STATE_STARTING:
      return "starting";
    case v1::JOB_STATE_RUNNING:
      return "running";
    case v1::JOB_STATE_SUCCEEDED:
      return "succeeded";
    case v1::JOB_STATE_FAILED:
      return "failed";
    case v1::JOB_STATE_CANCELLED:
      return "cancelled";
    default:
      return "unknown";
  }
}

absl::Status CheckTransition(v1::JobState from, v1::JobState to) {
  bool allowed = false;
  switch (from) {
    case v1::JOB_STATE_QUEUED:
      allowed = to == v1::JOB_STATE_STARTING || to == v1::JOB_STATE_CANCELLED ||
                to == v1::JOB_STATE_FAILED;
      break;
    case v1::JOB_STATE_STARTING:
    case v1::JOB_STATE_RUNNING:
      allowed = to == v1::JOB_STATE_QUEUED || IsFinal(to) ||
                (from == v1::JOB_STATE_STARTING && to == v1::JOB_STATE_RUNNING);
      break;
    default:
      break;
  }
  if (allowed) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("a job that is ", StateName(from), " cannot become ", StateName(to)));
}

}  // namespace kur
