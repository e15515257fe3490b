#ifndef KUR_SERVER_LAUNCHER_LAUNCHER_H_
#define KUR_SERVER_LAUNCHER_LAUNCHER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/devices/device_inventory.h"

namespace kur::server {

// Names one process for ever: a process id alone is used again by the kernel.
struct WorkerIdentity {
  int64_t pid = 0;
  uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat
  std::string boot_id;       // /proc/sys/kernel/random/boot_id
};

struct LaunchRequest {
  std::string job;
  std::string run_directory;    // has job.pb; worker.log goes there
  std::vector<Device> devices;  // empty: one thread, on any processor
};

// How a worker process ended, as far as the launcher can tell.
struct WorkerExit {
  bool known = false;  // false: not a child of this process (adopted), only that it is gone
  int exit_code = 0;   // when it exited
  int signal = 0;      // when a signal ended it; else 0
};

// Starts worker processes and watches them. A worker outlives its launcher: a later launcher adopts
// it by its identity. Thread-safe.
class Launcher {
 public:
  // Called once for every worker that was launched or adopted, on a thread of the launcher, with no
  // lock held.
  using ExitCallback = std::function<void(const std::string& job, const WorkerExit&)>;

  // Callbacks that have begun are waited for, none comes later; so never destroyed by a callback.
  virtual ~Launcher() = default;

  // Starts `kurd-worker` for the job. `on_exit` may be called before this returns; after an error
  // it is never called. An error means that no worker runs. ALREADY_EXISTS if the job's worker is
  // being watched.
  virtual absl::StatusOr<WorkerIdentity> Launch(const LaunchRequest& request,
                                                ExitCallback on_exit) = 0;

  // Watches a worker that an earlier launcher started. NOT_FOUND if that very process is gone (its
  // process id may belong to another program by now: that one is left alone). A worker that has
  // ended but is not yet buried by its parent counts as there: `on_exit` follows at once.
  // ALREADY_EXISTS as above.
  virtual absl::Status Adopt(const std::string& job, const WorkerIdentity& identity,
                             ExitCallback on_exit) = 0;

  // Sends a signal to the process group of a watched worker, never to anyone else's. NOT_FOUND if
  // it is gone.
  virtual absl::Status Signal(const std::string& job, int signal) = 0;
};

// Runs workers on this machine: each in its own session and process group, watched through a pidfd,
// with its processors (affinity), thread counts, CUDA_VISIBLE_DEVICES and the BLAS and ATen kernels
// that suit the processor set before it is executed. Destroying the launcher stops watching and
// leaves the workers running. `worker_binary` is executed with `--run-directory DIRECTORY`, in that
// directory, with little of this process's environment (see worker_environment.h). Needs Linux 5.4:
// where the kernel lacks what it needs, every call is FAILED_PRECONDITION and says so.
std::unique_ptr<Launcher> MakeLocalLauncher(const std::string& worker_binary);

}  // namespace kur::server

#endif  // KUR_SERVER_LAUNCHER_LAUNCHER_H_
