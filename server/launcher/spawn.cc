#include "server/launcher/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/open_beneath.h"
#include "engine/base/status.h"
#include "server/confinement/landlock.h"
#include "server/launcher/process.h"
#include "server/launcher/signal_blocker.h"

namespace kur::server {
namespace {

// Where the child keeps the pipe on which it reports a failure, just above the standard streams.
constexpr int kReportFd = 3;
// Where it keeps its prepared confinement; what it needs before is above.
constexpr int kConfinementFd = 4;
// How far open files are looked for on a kernel without close_range (before 5.9).
constexpr int kMaxClosedFds = 1 << 16;
// Enough for every file of a data set's archives; kurd itself may have many more.
constexpr rlim_t kMaxOpenFiles = 1 << 16;

// What the child could not do.
enum class Step : int { kGroup, kStreams, kDirectory, kProcessors, kConfinement, kExecute };

// What the child writes into the pipe before it gives up.
struct Failure {
  Step step;
  int error;
};

// All that the child needs, made before the fork: between fork and exec a child of a program with
// threads may allocate nothing, as some other thread may have held the allocator's lock.
struct ChildPlan {
  const char* binary;
  const char* directory;
  char* const* argv;
  char* const* envp;
  int group;  // -1: none
  int input;  // these four are above kConfinementFd
  int log;
  int report;
  int confinement;              // -1: none
  const cpu_set_t* processors;  // null: as they are
  size_t processors_bytes;
  int max_fd;          // above all that are open
  int max_open_files;  // that it may have
};

struct FreeCpuSet {
  void operator()(cpu_set_t* set) const { CPU_FREE(set); }
};

// ---- In the child: only async-signal-safe calls.

[[noreturn]] void ReplaceByPlaceholder(int report, Step step) {
  const Failure failure = {step, errno};
  // A pipe takes so little at once or not at all; there is nobody else to tell.
  const ssize_t written = write(report, &failure, sizeof(failure));
  _exit(written == sizeof(failure) ? 127 : 126);
}

void ResetSignals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void CloseFrom(int first, int max_fd) {
  if (syscall(SYS_close_range, first, ~0U, 0U) == 0) return;
  for (int fd = first; fd < max_fd; ++fd) close(fd);
}

// When memory runs out, the kernel shall end a job and not kurd, or what else the machine is for.
void PreferForOutOfMemory() {
  // The file is root's in a process that hides its memory, as kurd and so its copy do.
  const int was_dumpable = prctl(PR_GET_DUMPABLE);
  prctl(PR_SET_DUMPABLE, 1);
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  prctl(PR_SET_DUMPABLE, was_dumpable);
  if (file < 0) return;
  // Without this preference the worker runs just as well.
  [[maybe_unused]] const ssize_t written = write(file, "500", 3);
  close(file);
}

// A core has everything that the worker knew of its job, and would lie where nobody looks for it.
void Limit(int max_open_files) {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  const rlimit files = {static_cast<rlim_t>(max_open_files), static_cast<rlim_t>(max_open_files)};
  setrlimit(RLIMIT_NOFILE, &files);
}

[[noreturn]] void RunChild(const ChildPlan& plan) {
  if (plan.group >= 0 && write(plan.group, "0", 1) != 1) {
    ReplaceByPlaceholder(plan.report, Step::kGroup);
  }
  setsid();
  if (dup2(plan.input, STDIN_FILENO) < 0 || dup2(plan.log, STDOUT_FILENO) < 0 ||
      dup2(plan.log, STDERR_FILENO) < 0 || dup3(plan.report, kReportFd, O_CLOEXEC) < 0) {
    ReplaceByPlaceholder(plan.report, Step::kStreams);
  }
  if (plan.confinement >= 0 && dup3(plan.confinement, kConfinementFd, O_CLOEXEC) < 0) {
    ReplaceByPlaceholder(kReportFd, Step::kConfinement);
  }
  CloseFrom(plan.confinement >= 0 ? kConfinementFd + 1 : kConfinementFd, plan.max_fd);
  if (chdir(plan.directory) != 0) ReplaceByPlaceholder(kReportFd, Step::kDirectory);
  if (plan.processors != nullptr &&
      sched_setaffinity(0, plan.processors_bytes, plan.processors) != 0) {
    ReplaceByPlaceholder(kReportFd, Step::kProcessors);
  }
  ResetSignals();
  PreferForOutOfMemory();
  Limit(plan.max_open_files);
  if (plan.confinement >= 0 && (errno = EnterConfinement(kConfinementFd)) != 0) {
    ReplaceByPlaceholder(kReportFd, Step::kConfinement);
  }
  execve(plan.binary, plan.argv, plan.envp);
  ReplaceByPlaceholder(kReportFd, Step::kExecute);
}

// ---- In the parent.

// The strings as the array of pointers that execve takes; points into `strings`.
std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Returns another descriptor of the file, above those that the child overwrites: kurd itself may
// lack some of the standard streams.
absl::StatusOr<UniqueFd> Raise(const UniqueFd& low) {
  UniqueFd high(fcntl(low.get(), F_DUPFD_CLOEXEC, kConfinementFd + 1));
  if (!high.valid()) return ErrnoToStatus(errno, "opening files for the worker");
  return high;
}

// Opens the file for output in the worker's folder, where an earlier worker may have left anything.
absl::StatusOr<UniqueFd> OpenOutput(const SpawnRequest& request) {
  if (request.output >= 0) {
    const UniqueFd low(fcntl(request.output, F_DUPFD_CLOEXEC, 0));
    if (!low.valid()) return ErrnoToStatus(errno, "opening where output goes");
    return Raise(low);
  }
  const std::string& path = request.log;
  const UniqueFd folder(open(DirectoryOf(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return ErrnoToStatus(errno, absl::StrCat("opening ", path));
  KUR_ASSIGN_OR_RETURN(const UniqueFd low, OpenBeneath(folder.get(), BaseName(path),
                                                       O_WRONLY | O_CREAT | O_APPEND, 0640, path));
  return Raise(low);
}

absl::StatusOr<UniqueFd> OpenNull() {
  const UniqueFd low(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!low.valid()) return ErrnoToStatus(errno, "opening /dev/null");
  return Raise(low);
}

// Returns a file that has `content` and no name, so that no disk ever has it.
absl::StatusOr<UniqueFd> HoldInMemory(const std::string& content) {
  const UniqueFd low(memfd_create("kurd-input", MFD_CLOEXEC));
  if (!low.valid()) return ErrnoToStatus(errno, "holding the worker's input");
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t count = write(low.get(), content.data() + written, content.size() - written);
    if (count < 0) return ErrnoToStatus(errno, "holding the worker's input");
    written += static_cast<size_t>(count);
  }
  if (lseek(low.get(), 0, SEEK_SET) != 0) return ErrnoToStatus(errno, "holding the worker's input");
  return Raise(low);
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

absl::StatusOr<Pipe> OpenPipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoToStatus(errno, "opening a pipe to the worker");
  Pipe pipe = {UniqueFd(ends[0]), UniqueFd(ends[1])};
  KUR_ASSIGN_OR_RETURN(pipe.write_end, Raise(pipe.write_end));
  return pipe;
}

rlimit FileLimit() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

// Waits until the child executes its program, which closes the pipe, or reports that it cannot.
absl::Status ReadReport(const UniqueFd& report, const SpawnRequest& request) {
  Failure failure = {};
  ssize_t bytes = 0;
  do {
    bytes = read(report.get(), &failure, sizeof(failure));
  } while (bytes < 0 && errno == EINTR);
  if (bytes == 0) return absl::OkStatus();
  if (bytes != sizeof(failure)) {
    return absl::InternalError(absl::StrCat("starting ", request.binary, ": no word from it"));
  }
  switch (failure.step) {
    case Step::kGroup:
      return ErrnoToStatus(failure.error, "entering the worker's control group");
    case Step::kStreams:
      return ErrnoToStatus(failure.error, absl::StrCat("redirecting output to ", request.log));
    case Step::kDirectory:
      return ErrnoToStatus(failure.error, absl::StrCat("entering ", request.directory));
    case Step::kProcessors:
      return ErrnoToStatus(failure.error, "confining the worker to its processors");
    case Step::kConfinement:
      return ErrnoToStatus(failure.error, "confining the worker to its files");
    case Step::kExecute:
      break;
  }
  return ErrnoToStatus(failure.error, absl::StrCat("executing ", request.binary));
}

// The processors as the kernel takes them; empty for none.
struct Affinity {
  std::unique_ptr<cpu_set_t, FreeCpuSet> set;
  size_t bytes = 0;
};

Affinity AffinityTo(const std::vector<int>& processors) {
  Affinity affinity;
  if (processors.empty()) return affinity;
  const int size = *std::max_element(processors.begin(), processors.end()) + 1;
  affinity.set.reset(CPU_ALLOC(size));
  affinity.bytes = CPU_ALLOC_SIZE(size);
  CPU_ZERO_S(affinity.bytes, affinity.set.get());
  for (const int processor : processors) CPU_SET_S(processor, affinity.bytes, affinity.set.get());
  return affinity;
}

}  // namespace

absl::StatusOr<SpawnedProcess> Spawn(const SpawnRequest& request) {
  KUR_ASSIGN_OR_RETURN(const UniqueFd input,
                       request.input.empty() ? OpenNull() : HoldInMemory(request.input));
  KUR_ASSIGN_OR_RETURN(const UniqueFd log, OpenOutput(request));
  KUR_ASSIGN_OR_RETURN(Pipe report, OpenPipe());
  UniqueFd confinement;
  if (request.files.has_value()) {
    KUR_ASSIGN_OR_RETURN(const UniqueFd low, PrepareConfinement(*request.files));
    KUR_ASSIGN_OR_RETURN(confinement, Raise(low));
  }

  std::vector<std::string> arguments = request.arguments;
  arguments.insert(arguments.begin(), request.binary);
  std::vector<std::string> variables;
  for (const auto& [name, value] : request.environment) {
    variables.push_back(absl::StrCat(name, "=", value));
  }
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(variables);

  const Affinity affinity = AffinityTo(request.processors);
  const rlimit file_limit = FileLimit();
  const ChildPlan plan = {request.binary.c_str(),
                          request.directory.c_str(),
                          argv.data(),
                          envp.data(),
                          request.group,
                          input.get(),
                          log.get(),
                          report.write_end.get(),
                          confinement.get(),
                          affinity.set.get(),
                          affinity.bytes,
                          static_cast<int>(std::min<rlim_t>(file_limit.rlim_cur, kMaxClosedFds)),
                          static_cast<int>(std::min(file_limit.rlim_max, kMaxOpenFiles))};

  SpawnedProcess process;
  {
    // No handler of this program may run in the child.
    const SignalBlocker blocker;
    process.pid = fork();
    if (process.pid == 0) RunChild(plan);
  }
  if (process.pid < 0) return ErrnoToStatus(errno, "starting a process for the worker");
  report.write_end.reset();

  absl::Status started = ReadReport(report.read_end, request);
  if (started.ok()) {
    auto pidfd = OpenPidfd(process.pid);
    if (pidfd.ok()) {
      process.pidfd = *std::move(pidfd);
      return process;
    }
    started = pidfd.status();
  }
  KillAndReap(process.pid);
  return started;
}

void KillAndReap(pid_t pid) {
  kill(-pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace kur::server
