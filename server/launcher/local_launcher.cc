#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/file_identity.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"
#include "engine/base/wipe.h"
#include "server/confinement/landlock.h"
#include "server/launcher/launcher.h"
#include "server/launcher/process.h"
#include "server/launcher/signal_blocker.h"
#include "server/launcher/spawn.h"
#include "server/launcher/worker_environment.h"
#include "server/launcher/worker_groups.h"
#include "server/launcher/worker_search.h"

namespace kur::server {
namespace {

std::string AbsolutePath(const std::string& path) {
  char directory[PATH_MAX];
  if (getcwd(directory, sizeof(directory)) == nullptr) return path;
  return JoinPath(directory, path);
}

std::vector<int> ProcessorsOf(const std::vector<Device>& devices) {
  std::set<int> processors;
  for (const Device& device : devices) {
    processors.insert(device.processors.begin(), device.processors.end());
  }
  return {processors.begin(), processors.end()};
}

// Waits with one thread for the pidfds of all workers. A worker is in `workers_` from before it is
// started until that thread has seen it end, and only that thread takes one out and reaps it: while
// `mutex_` is held, the process id of a worker of ours cannot come to mean another process.
// Thread-safe.
class LocalLauncher : public Launcher {
 public:
  LocalLauncher(const std::string& worker_binary, Confinement confinement, WorkerGroups* groups,
                const WorkerMemory& memory)
      : worker_binary_(AbsolutePath(worker_binary)),
        confinement_(confinement),
        groups_(groups),
        memory_(memory),
        ready_(Prepare()) {
    if (!ready_.ok()) return;
    // Signals of the process are for its other threads.
    const SignalBlocker blocker;
    watcher_ = std::thread([this] { WatchWorkers(); });
  }

  ~LocalLauncher() override {
    if (!watcher_.joinable()) return;
    eventfd_write(stop_.get(), 1);
    watcher_.join();
  }

  absl::StatusOr<WorkerHandle> Launch(const LaunchRequest& request, ExitCallback on_exit) override {
    KUR_RETURN_IF_ERROR(ready_);
    KUR_RETURN_IF_ERROR(Reserve(request.job));
    auto identity = Start(request, std::move(on_exit));
    if (!identity.ok()) {
      Forget(request.job);
      return Annotate(identity.status(), absl::StrCat("starting the worker of ", request.job));
    }
    return ToHandle(*identity);
  }

  absl::StatusOr<std::optional<WorkerExit>> Adopt(const std::string& job,
                                                  const std::string& run_directory,
                                                  const WorkerHandle& worker,
                                                  ExitCallback on_exit) override {
    KUR_RETURN_IF_ERROR(ready_);
    KUR_ASSIGN_OR_RETURN(const ProcessIdentity identity, ParseHandle(worker));
    WorkerExit gone;
    gone.host_restarted = identity.boot_id != boot_id_;
    if (gone.host_restarted) return gone;
    if (!identity.run_directory_id.empty()) {
      KUR_ASSIGN_OR_RETURN(const std::string directory_id, FileIdentity(run_directory));
      gone.is_of_original = directory_id != identity.run_directory_id;
      if (gone.is_of_original) return gone;
    }
    KUR_RETURN_IF_ERROR(Reserve(job));
    const absl::Status adopted = OpenAndWatch(job, identity, std::move(on_exit));
    if (adopted.ok()) return std::optional<WorkerExit>();
    Forget(job);
    if (absl::IsNotFound(adopted)) {
      LeaveGroup(job, &gone);
      return gone;
    }
    return Annotate(adopted, absl::StrCat("adopting the worker of ", job));
  }

  std::optional<WorkerHandle> Find(const std::string& run_directory) override {
    const auto identity = FindWorkerProcess(run_directory);
    if (!identity.has_value()) return std::nullopt;
    return ToHandle(*identity);
  }

  int64_t ProcessId(const WorkerHandle& worker) const override {
    const auto identity = ParseHandle(worker);
    return identity.ok() ? identity->pid : 0;
  }

  absl::Status Signal(const std::string& job, int signal) override {
    const absl::MutexLock lock(&mutex_);
    const auto worker = workers_.find(job);
    if (worker == workers_.end() || !worker->second.pidfd.valid()) {
      return absl::NotFoundError(absl::StrCat("job ", job, " has no worker"));
    }
    return Annotate(SignalGroup(worker->second.pidfd, worker->second.pid, signal),
                    absl::StrCat("the worker of ", job));
  }

 private:
  struct Worker {
    pid_t pid = 0;
    UniqueFd pidfd;  // invalid while the worker is being started or adopted
    ExitCallback on_exit;
  };

  absl::Status Prepare() {
    KUR_RETURN_IF_ERROR(OpenPidfd(getpid()).status());
    KUR_ASSIGN_OR_RETURN(boot_id_, ReadBootId());
    KUR_ASSIGN_OR_RETURN(machine_.cpuinfo, FileSystem::Posix().Read("/proc/cpuinfo"));
    stop_.reset(eventfd(0, EFD_CLOEXEC));
    epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
    if (!stop_.valid() || !epoll_.valid()) return ErrnoToStatus(errno, "watching workers");
    return Poll(stop_);
  }

  absl::Status Poll(const UniqueFd& fd) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = fd.get();
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) == 0) return absl::OkStatus();
    return ErrnoToStatus(errno, "watching a worker");
  }

  absl::Status Reserve(const std::string& job) {
    const absl::MutexLock lock(&mutex_);
    if (workers_.emplace(job, Worker()).second) return absl::OkStatus();
    return absl::AlreadyExistsError(absl::StrCat("job ", job, " has a worker already"));
  }

  void Forget(const std::string& job) {
    const absl::MutexLock lock(&mutex_);
    workers_.erase(job);
  }

  absl::StatusOr<ProcessIdentity> Start(const LaunchRequest& request, ExitCallback on_exit) {
    SpawnRequest spawn;
    spawn.binary = worker_binary_;
    KUR_ASSIGN_OR_RETURN(const std::string directory_id, FileIdentity(request.run_directory));
    spawn.arguments = {"--run-directory", request.run_directory, "--run-directory-id",
                       directory_id};
    if (!request.secrets.empty()) spawn.arguments.emplace_back("--secrets-on-stdin");
    spawn.input = request.secrets;
    const Wiper wiper(&spawn.input);
    spawn.environment = WorkerEnvironment(OwnEnvironment(), request.devices, machine_);
    spawn.directory = request.run_directory;
    spawn.log = JoinPath(request.run_directory, "worker.log");
    spawn.processors = ProcessorsOf(request.devices);
    if (confinement_ == Confinement::kWherever) Confine(request, &spawn);
    UniqueFd group;
    if (groups_ != nullptr) {
      KUR_ASSIGN_OR_RETURN(
          group, groups_->Create(WorkerGroups::NameFor(request.job), LimitsFor(request.devices)));
      spawn.group = group.get();
    }
    KUR_ASSIGN_OR_RETURN(SpawnedProcess process, Spawn(spawn));

    // Nobody has reaped the child yet, so this is its own description.
    const auto stat = ReadProcessStat(process.pid);
    absl::Status watched = stat.status();
    if (watched.ok()) {
      watched = Watch(request.job, process.pid, std::move(process.pidfd), std::move(on_exit));
    }
    if (!watched.ok()) {
      KillAndReap(process.pid);
      return watched;
    }
    return ProcessIdentity{process.pid, stat->start_ticks, boot_id_, directory_id};
  }

  GroupLimits LimitsFor(const std::vector<Device>& devices) const {
    GroupLimits limits;
    const size_t shares = memory_.for_each_device ? std::max<size_t>(1, devices.size()) : 1;
    limits.memory_bytes = memory_.bytes * static_cast<int64_t>(shares);
    return limits;
  }

  // Removes the group of a worker that has ended, after reading there what ended it.
  void LeaveGroup(const std::string& job, WorkerExit* exit) {
    if (groups_ == nullptr) return;
    const std::string group = WorkerGroups::NameFor(job);
    if (groups_->RanOutOfMemory(group)) exit->exceeded_memory = groups_->MemoryOf(group);
    groups_->Remove(group);
  }

  void Confine(const LaunchRequest& request, SpawnRequest* spawn) const {
    spawn->arguments.emplace_back("--confined");
    spawn->environment["TMPDIR"] = request.run_directory;
    // Compiled for one job: another user's worker may not provide this one's kernels.
    spawn->environment["CUDA_CACHE_PATH"] = JoinPath(request.run_directory, "cuda-cache");
    if (LandlockVersion() < kNeededLandlock) return;
    spawn->files = ProgramFiles(worker_binary_, spawn->environment);
    spawn->files->insert(spawn->files->end(), request.files.begin(), request.files.end());
  }

  // Returns NOT_FOUND if the process is gone. Its id may belong to another program by then: that
  // one is left alone.
  absl::Status OpenAndWatch(const std::string& job, const ProcessIdentity& identity,
                            ExitCallback on_exit) {
    // Process 1 leads no worker, and its group is every process to kill(2).
    if (identity.pid <= 1 || identity.pid > INT_MAX) {
      return absl::NotFoundError(absl::StrCat("there is no worker ", identity.pid));
    }
    // The descriptor first: whatever the id means later, if the description still fits then, the
    // descriptor is of that process.
    KUR_ASSIGN_OR_RETURN(UniqueFd pidfd, OpenPidfd(identity.pid));
    KUR_ASSIGN_OR_RETURN(const ProcessStat stat, ReadProcessStat(identity.pid));
    if (stat.start_ticks != identity.start_ticks || stat.process_group != identity.pid) {
      return absl::NotFoundError(
          absl::StrCat("it has ended, and process ", identity.pid, " is another program"));
    }
    return Watch(job, static_cast<pid_t>(identity.pid), std::move(pidfd), std::move(on_exit));
  }

  absl::Status Watch(const std::string& job, pid_t pid, UniqueFd pidfd, ExitCallback on_exit) {
    const absl::MutexLock lock(&mutex_);
    KUR_RETURN_IF_ERROR(Poll(pidfd));
    workers_[job] = Worker{pid, std::move(pidfd), std::move(on_exit)};
    return absl::OkStatus();
  }

  void WatchWorkers() {
    std::array<epoll_event, 64> events;
    for (bool stopping = false; !stopping;) {
      const int count = epoll_wait(epoll_.get(), events.data(), events.size(), /*timeout=*/-1);
      for (int i = 0; i < count; ++i) {
        if (events[i].data.fd == stop_.get()) {
          stopping = true;
        } else {
          Finish(events[i].data.fd);
        }
      }
    }
  }

  // Takes out the worker of that pidfd, which has ended, and tells who wanted to know.
  void Finish(int pidfd) {
    std::string job;
    ExitCallback on_exit;
    WorkerExit exit;
    {
      const absl::MutexLock lock(&mutex_);
      const auto ended = std::find_if(workers_.begin(), workers_.end(), [pidfd](const auto& entry) {
        return entry.second.pidfd.get() == pidfd;
      });
      // A child between fork and exec may share the descriptor, so closing it is not enough.
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, pidfd, nullptr);
      exit = Reap(ended->second.pidfd);
      job = ended->first;
      on_exit = std::move(ended->second.on_exit);
    }
    // Before the job can have another worker, whose group has the same name.
    LeaveGroup(job, &exit);
    Forget(job);
    if (on_exit) on_exit(job, exit);
  }

  const std::string worker_binary_;
  const Confinement confinement_;
  WorkerGroups* const groups_;  // null: workers have no groups
  const WorkerMemory memory_;
  std::string boot_id_;
  Machine machine_;
  UniqueFd stop_;
  UniqueFd epoll_;
  const absl::Status ready_;
  absl::Mutex mutex_;
  std::map<std::string, Worker> workers_ ABSL_GUARDED_BY(mutex_);
  std::thread watcher_;
};

}  // namespace

std::unique_ptr<Launcher> MakeLocalLauncher(const std::string& worker_binary,
                                            Confinement confinement, WorkerGroups* groups,
                                            const WorkerMemory& memory) {
  return std::make_unique<LocalLauncher>(worker_binary, confinement, groups, memory);
}

}  // namespace kur::server
