#ifndef KUR_SERVER_WORKER_STANDALONE_H_
#define KUR_SERVER_WORKER_STANDALONE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/kurfile.h"
#include "server/worker/control.h"

namespace kur::worker {

struct StandaloneOptions {
  std::string kurfile;
  Mode mode = Mode::kTrain;
  std::vector<std::string> overrides;
  std::optional<uint64_t> seed;  // absent: that of the Kurfile, or a random one
  int threads = 0;               // 0: all processors
  std::string device = "cpu";
  bool offline = false;
  std::vector<std::string> download_networks;
};

// Runs a Kurfile without a kurd: relative paths are those of the Kurfile's folder, events go to
// stdout as lines of JSON. Blocks until the end. `process_start` is when the process began, in
// seconds on MonotonicSeconds()' clock, and `kernels` what TryKernels() has returned. Returns the
// exit code: 0, 1 (error in the Kurfile), 3 (the run failed), 4 (it was cancelled).
int RunStandalone(const StandaloneOptions& options, Control* control, double process_start,
                  const absl::StatusOr<std::vector<std::string>>& kernels);

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_STANDALONE_H_
