#ifndef KUR_SERVER_WORKER_KERNEL_TRIAL_H_
#define KUR_SERVER_WORKER_KERNEL_TRIAL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kur::worker {

// Makes sure that this process computes with kernels of OpenBLAS and ATen that suit the processor
// and are right. Both are chosen by environment variables, when the libraries are loaded. So this
// executes the program anew, with `argv`, until CheckKernels() is content with one of
// KernelChoices(): at first where nobody has chosen yet, and again each time that a choice is
// wrong, slow, crashes or hangs. `threads`, if positive, becomes OMP_NUM_THREADS where that is not
// set. A variable that was set before stays as it is.
//
// Returns sentences for the log of the job, one for each choice that was left; or INTERNAL where
// none computes right. To be called before there is a second thread, and before the process gives
// up the right to execute programs.
absl::StatusOr<std::vector<std::string>> TryKernels(int threads, char** argv);

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_KERNEL_TRIAL_H_
