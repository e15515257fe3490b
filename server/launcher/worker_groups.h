#ifndef KUR_SERVER_LAUNCHER_WORKER_GROUPS_H_
#define KUR_SERVER_LAUNCHER_WORKER_GROUPS_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/unique_fd.h"

namespace kur::server {

// What the processes of a control group may have together.
struct GroupLimits {
  int64_t memory_bytes = 0;
  int64_t threads = 4096;
  // Whether all processes end when memory runs out, or only the largest.
  bool ends_together = true;
};

// The control groups (cgroup v2) below the one that systemd has delegated to kurd: one for each
// worker, one for the evaluator, and one, "daemon", for kurd itself, because a group with groups
// below it that have limits has no processes of its own. Touches no other group. Thread-safe.
class WorkerGroups {
 public:
  // Returns the folder of the delegated group whose subgroup "daemon" this process is in. A kurd
  // that systemd starts in the delegated group itself has none: once groups below have limits,
  // systemd could not start it there again. FAILED_PRECONDITION, with the reason, if there is none.
  // `mount` is where cgroup v2 is mounted, `own` the text of /proc/self/cgroup.
  static absl::StatusOr<std::string> FindDelegated(const std::string& mount,
                                                   const std::string& own);

  // How a group's folder is removed; false, with errno, while it has processes.
  using RemoveGroup = std::function<bool(const std::string& folder)>;

  // Takes the delegated group `folder` over: moves its processes, workers of a kurd without groups,
  // to the subgroup "daemon", and removes groups whose worker has ended without leaving anything to
  // tell.
  static absl::StatusOr<std::unique_ptr<WorkerGroups>> Open(const std::string& folder,
                                                            RemoveGroup remove = RemoveFolder);

  // Makes a new group of that name, after ending what is left in an older one. Returns its file
  // cgroup.procs: a process that writes "0" there is in the group.
  absl::StatusOr<UniqueFd> Create(const std::string& name, const GroupLimits& limits);

  // Returns how much memory the group may have; 0 if it has no limit, or is not there.
  int64_t MemoryOf(const std::string& name) const;

  // Moves a process to a group.
  absl::Status Move(pid_t process, const std::string& name);

  // Returns whether processes of the group were ended because its memory ran out.
  bool RanOutOfMemory(const std::string& name) const;

  // Removes a group, now or when its last process has ended.
  void Remove(const std::string& name);

  // Returns the name of the group of a job.
  static std::string NameFor(const std::string& job) { return "job-" + job; }

 private:
  WorkerGroups(std::string folder, RemoveGroup remove)
      : folder_(std::move(folder)), remove_(std::move(remove)) {}

  static bool RemoveFolder(const std::string& folder);
  std::string Folder(const std::string& name) const { return folder_ + "/" + name; }
  absl::Status Vacate();
  absl::Status Apply(const std::string& name, const GroupLimits& limits) const;
  void RemoveLeftovers();
  void RemoveEnded() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string folder_;
  const RemoveGroup remove_;
  absl::Mutex mutex_;
  std::set<std::string> ending_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_LAUNCHER_WORKER_GROUPS_H_
