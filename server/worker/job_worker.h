#ifndef KUR_SERVER_WORKER_JOB_WORKER_H_
#define KUR_SERVER_WORKER_JOB_WORKER_H_

#include <string>

#include "absl/status/status.h"
#include "server/worker/control.h"

namespace kur::worker {

// Does the job whose specification kurd has left in `run_directory`, reports to kurd, and leaves
// the outcome there. Blocks until the end. An error means that not even an outcome could be left.
// `process_start` is when the process began, in seconds on MonotonicSeconds()' clock. With
// `is_confined`, the process gives up what no job needs, for good, before it reads the job's files;
// it must have one thread. `has_secrets`: those of the job come over the standard input; they go to
// the network broker and are wiped here.
absl::Status RunJob(const std::string& run_directory, Control* control, double process_start,
                    bool is_confined, bool has_secrets);

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_JOB_WORKER_H_
