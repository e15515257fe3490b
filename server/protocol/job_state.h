#ifndef KUR_SERVER_PROTOCOL_JOB_STATE_H_
#define KUR_SERVER_PROTOCOL_JOB_STATE_H_

#include <array>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kur/v1/job.pb.h"

namespace kur {

// The one place that knows what the state of a job means. What may follow what:
//
//   QUEUED -> STARTING -> RUNNING -> SUCCEEDED | FAILED | CANCELLED
//
// and besides: a job that has no worker yet may be CANCELLED, one whose events are damaged FAILED,
// and one whose worker has ended without a result, and is to be started again, is QUEUED again.
// Pure functions; thread-safe.

// Every state that a job can be in.
inline constexpr std::array<v1::JobState, 6> kAllStates = {
    v1::JOB_STATE_QUEUED,    v1::JOB_STATE_STARTING, v1::JOB_STATE_RUNNING,
    v1::JOB_STATE_SUCCEEDED, v1::JOB_STATE_FAILED,   v1::JOB_STATE_CANCELLED};

// Returns whether the state is one of kAllStates: false for a job of which nothing is known yet.
bool IsKnown(v1::JobState state);

// Returns whether the state never changes again.
bool IsFinal(v1::JobState state);

// Return whether the job has ended in that way. Each final state is exactly one of these.
bool HasSucceeded(v1::JobState state);
bool HasFailed(v1::JobState state);
bool WasCancelled(v1::JobState state);

// Returns whether a worker process of the job may exist.
bool HasWorker(v1::JobState state);

// Returns whether the job's devices are taken.
bool HoldsDevices(v1::JobState state);

// Returns whether the scheduling policy is to give the job devices.
bool WaitsForDevices(v1::JobState state);

// Returns whether the worker has reported that it has begun, and so can be told to do something.
bool IsAtWork(v1::JobState state);

// Returns whether a job that comes to the state begins another attempt, with a worker of its own.
bool BeginsAttempt(v1::JobState state);

// Returns those of kAllStates for which `holds` returns true, in that order.
std::vector<v1::JobState> StatesWhere(bool (*holds)(v1::JobState));

// Returns the state as people type it: "queued".
absl::string_view StateName(v1::JobState state);

// Returns FAILED_PRECONDITION unless a job may go from one state to the other.
absl::Status CheckTransition(v1::JobState from, v1::JobState to);

}  // namespace kur

#endif  // KUR_SERVER_PROTOCOL_JOB_STATE_H_
