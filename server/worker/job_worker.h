#ifndef KUR_SERVER_WORKER_JOB_WORKER_H_
#define KUR_SERVER_WORKER_JOB_WORKER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/worker/control.h"

namespace kur::worker {

struct JobOptions {
  double process_start = 0;  // when the process began, in seconds on MonotonicSeconds()' clock
  // The process gives up what no job needs, for good, before it reads the job's files; it must have
  // one thread.
  bool is_confined = false;
  // Those of the job come over the standard input; they go to the network broker and are wiped
  // here.
  bool has_secrets = false;
  // What TryKernels() has returned: an error is how the job fails.
  absl::StatusOr<std::vector<std::string>> kernels;
};

// Does the job whose specification kurd has left in `run_directory`, reports to kurd, and leaves
// the outcome there. Blocks until the end. An error means that not even an outcome could be left.
absl::Status RunJob(const std::string& run_directory, Control* control, const JobOptions& options);

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_JOB_WORKER_H_
