#ifndef KUR_SERVER_LAUNCHER_LAUNCHER_H_
#define KUR_SERVER_LAUNCHER_LAUNCHER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/confinement/file_rules.h"
#include "server/devices/device_inventory.h"

namespace kur::server {

class WorkerGroups;

// Names one worker for ever. Only the launcher that gave the handle reads the text; everyone else
// stores it and gives it back.
struct WorkerHandle {
  std::string text;

  bool empty() const { return text.empty(); }
};

struct LaunchRequest {
  std::string job;
  std::string run_directory;    // has job.pb; worker.log goes there
  std::vector<Device> devices;  // empty: one thread, on any processor
  // What the job needs, where workers are confined.
  std::vector<FileRule> files = {};
  // What the worker reads as its standard input, from memory: a kur.v1.WorkerSecrets; empty:
  // nothing.
  std::string secrets = {};
};

// How a worker ended, as far as the launcher can tell.
struct WorkerExit {
  bool known = false;           // false: only that the worker is gone
  int exit_code = 0;            // when it exited
  int signal = 0;               // when a signal ended it; else 0
  bool host_restarted = false;  // the worker ended with the machine that it ran on
  // The run directory is a copy of the one that the worker belongs to, which may still be running.
  bool is_of_original = false;
  // The bytes of memory that the worker was limited to, if it was ended because they ran out; else
  // 0.
  int64_t exceeded_memory = 0;
};

// How much memory a worker may have.
struct WorkerMemory {
  int64_t bytes = 0;  // 0: as much as there is
  // Whether a job has `bytes` for each of its devices; a job without devices has them once.
  bool for_each_device = false;
};

// Whether workers are kept from what their job does not need.
enum class Confinement {
  kNone,      // they may do what this process may
  kWherever,  // as far as the kernel can
};

// Starts workers and watches them. A worker outlives its launcher: a later launcher adopts it by
// its handle. Thread-safe; Launch(), Adopt(), Find() and Signal() may take as long as starting a
// process does, so callers hold no lock that others wait for.
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
  virtual absl::StatusOr<WorkerHandle> Launch(const LaunchRequest& request,
                                              ExitCallback on_exit) = 0;

  // Watches a worker that an earlier launcher started. `run_directory` is that of the job, wherever
  // it is now; the worker of the directory that it is a copy of is never touched.
  // Returns nothing if the worker is there;
  // `on_exit` is called when it ends, at once if it has ended and its parent has not reaped it yet.
  // Returns how the worker ended if it is gone; `on_exit` is never called then, nor after an error.
  // FAILED_PRECONDITION for a handle of another kind of launcher, ALREADY_EXISTS as above.
  virtual absl::StatusOr<std::optional<WorkerExit>> Adopt(const std::string& job,
                                                          const std::string& run_directory,
                                                          const WorkerHandle& worker,
                                                          ExitCallback on_exit) = 0;

  // Finds the worker of a run directory. For the one case in which its handle was not stored: kurd
  // died between starting the worker and writing that down.
  virtual std::optional<WorkerHandle> Find(const std::string& run_directory) = 0;

  // Returns the worker's process id on this machine, for people; 0 if it has none here. Only reads
  // the handle.
  virtual int64_t ProcessId(const WorkerHandle& worker) const = 0;

  // Sends a signal to the process group of a watched worker, never to anyone else's. NOT_FOUND if
  // it is gone.
  virtual absl::Status Signal(const std::string& job, int signal) = 0;
};

// Runs workers on this machine: each in its own session and process group, watched through a pidfd,
// with its processors (affinity), thread counts, CUDA_VISIBLE_DEVICES and the BLAS and ATen kernels
// that suit the processor set before it is executed. Destroying the launcher stops watching and
// leaves the workers running. `worker_binary` is executed with `--run-directory DIRECTORY
// --run-directory-id DEVICE:INODE`, and with `--secrets-on-stdin` if there are any, in that
// directory, with little of this process's environment (see worker_environment.h). A confined
// worker opens only files that its job or its program needs (see server/confinement), keeps its
// temporary files in the run directory, and is told by
// `--confined` to refuse itself system calls. Needs Linux 5.4: where the kernel lacks what it
// needs, every call is FAILED_PRECONDITION and says so. With `groups`, which outlive the launcher,
// each worker has a control group of its own, and `memory`.
std::unique_ptr<Launcher> MakeLocalLauncher(const std::string& worker_binary,
                                            Confinement confinement = Confinement::kNone,
                                            WorkerGroups* groups = nullptr,
                                            const WorkerMemory& memory = {});

}  // namespace kur::server

#endif  // KUR_SERVER_LAUNCHER_LAUNCHER_H_
