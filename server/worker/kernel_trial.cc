#include "server/worker/kernel_trial.h"

#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"
#include "engine/base/library_kernels.h"
#include "engine/base/status.h"
#include "engine/train/kernel_check.h"

namespace kur::worker {
namespace {

// Why choices before the present one were left, a line each.
constexpr char kLeftVariable[] = "KURD_KERNELS_LEFT";

// Of processor time, so that a machine with much to do is no reason, and by the clock, for threads
// that wait for each other for ever. The check takes 20 ms.
constexpr int kMostProcessorSeconds = 10;
constexpr int kMostSeconds = 120;

constexpr std::array<int, 5> kCrashes = {SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
constexpr std::array<int, 2> kHangs = {SIGPROF, SIGALRM};

// This program with another environment, made so that a signal handler can execute it.
class Successor {
 public:
  Successor(const Environment& environment, char** argv) : argv_(argv) {
    for (const auto& [name, value] : environment)
      entries_.push_back(absl::StrCat(name, "=", value));
    for (std::string& entry : entries_) pointers_.push_back(entry.data());
    pointers_.push_back(nullptr);
  }
  Successor(const Successor&) = delete;
  Successor& operator=(const Successor&) = delete;

  // Returns only if that fails. Async-signal-safe.
  void Execute() const { execve("/proc/self/exe", argv_, pointers_.data()); }

 private:
  char** const argv_;
  std::vector<std::string> entries_;
  std::vector<char*> pointers_;
};

// For the signal handler; null while no kernels are tried.
const Successor* g_after_crash = nullptr;
const Successor* g_after_hang = nullptr;

// Timers outlive execve(), and would end the successor in the middle of its job.
void SetTimers(int processor_seconds, int seconds) {
  itimerval timer = {};
  timer.it_value.tv_sec = processor_seconds;
  setitimer(ITIMER_PROF, &timer, nullptr);
  timer.it_value.tv_sec = seconds;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

void OnCrash(int signal) {
  SetTimers(0, 0);
  if (g_after_crash != nullptr) g_after_crash->Execute();
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void OnHang(int) {
  SetTimers(0, 0);
  if (g_after_hang != nullptr) g_after_hang->Execute();
  _exit(1);
}

// Executes a successor if the process crashes, or does not come to an end, while this exists.
class CrashGuard {
 public:
  CrashGuard(const Successor* after_crash, const Successor* after_hang) {
    g_after_crash = after_crash;
    g_after_hang = after_hang;
    struct sigaction action = {};
    // The mask of a thread outlives execve(): without SA_NODEFER the next crash would be final.
    action.sa_flags = SA_NODEFER;
    action.sa_handler = OnCrash;
    for (size_t i = 0; i < kCrashes.size(); ++i) sigaction(kCrashes[i], &action, &before_[i]);
    action.sa_handler = OnHang;
    for (size_t i = 0; i < kHangs.size(); ++i) {
      sigaction(kHangs[i], &action, &before_[kCrashes.size() + i]);
    }
    SetTimers(kMostProcessorSeconds, kMostSeconds);
  }
  ~CrashGuard() {
    SetTimers(0, 0);
    for (size_t i = 0; i < kCrashes.size(); ++i) sigaction(kCrashes[i], &before_[i], nullptr);
    for (size_t i = 0; i < kHangs.size(); ++i) {
      sigaction(kHangs[i], &before_[kCrashes.size() + i], nullptr);
    }
    g_after_crash = nullptr;
    g_after_hang = nullptr;
  }
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;

 private:
  std::array<struct sigaction, kCrashes.size() + kHangs.size()> before_ = {};
};

// Holds back the signals that ask the process to end, while it exists: they wait for the program
// that comes out of it, which knows what to do.
class EndSignalsHeld {
 public:
  EndSignalsHeld() { Change(SIG_BLOCK); }
  ~EndSignalsHeld() { Change(SIG_UNBLOCK); }
  EndSignalsHeld(const EndSignalsHeld&) = delete;
  EndSignalsHeld& operator=(const EndSignalsHeld&) = delete;

 private:
  static void Change(int how) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(how, &ends, nullptr);
  }
};

// An environment without what only TryKernels() reads, to compare what the libraries see.
Environment WithoutMarks(Environment environment) {
  for (const char* name : {kKernelChoiceVariable, kKeptVariable, kLeftVariable}) {
    environment.erase(name);
  }
  return environment;
}

// Returns the environment with the next choice that changes anything, if there is one.
std::optional<Environment> Next(const std::vector<KernelChoice>& choices, size_t index,
                                const Environment& environment) {
  for (size_t i = index + 1; i < choices.size(); ++i) {
    Environment next = environment;
    SetKernelChoice(choices, i, &next);
    if (WithoutMarks(next) != WithoutMarks(environment)) return next;
  }
  return std::nullopt;
}

// Returns `next` with a line about why it is needed.
Environment Because(Environment next, const std::string& left, const std::string& reason) {
  std::string& lines = next[kLeftVariable];
  absl::StrAppend(&lines, lines.empty() ? "" : "\n", "left the processor's kernels ", left, ": ",
                  reason);
  return next;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> TryKernels(int threads, char** argv) {
  // Executed anew, it would be called "exe".
  prctl(PR_SET_NAME, "kurd-worker");
  const EndSignalsHeld held;
  KUR_ASSIGN_OR_RETURN(const std::string cpuinfo, FileSystem::Posix().Read("/proc/cpuinfo"));
  const std::vector<KernelChoice> choices = KernelChoices(cpuinfo);
  Environment environment = OwnEnvironment();
  if (environment.count(kKernelChoiceVariable) == 0) {
    SetKernelChoice(choices, 0, &environment);
    SetThreadWaiting(&environment);
    if (threads > 0) environment.emplace("OMP_NUM_THREADS", absl::StrCat(threads));
    Successor(environment, argv).Execute();
    // What is loaded already may be right as well.
  }
  size_t index = 0;
  if (!absl::SimpleAtoi(environment[kKernelChoiceVariable], &index)) index = 0;
  const std::string present = Describe(ChoiceIn(environment));
  const auto next = Next(choices, index, environment);
  absl::Status checked;
  if (next.has_value()) {
    const Successor after_crash(Because(*next, present, "they crash"), argv);
    const Successor after_hang(Because(*next, present, "they do not come to an end"), argv);
    const CrashGuard guard(&after_crash, &after_hang);
    checked = CheckKernels();
  } else {
    checked = CheckKernels();
  }
  if (!checked.ok() && next.has_value()) {
    Successor(Because(*next, present, std::string(checked.message())), argv).Execute();
  }
  if (!checked.ok()) {
    const std::string& kept = environment[kKeptVariable];
    return absl::InternalError(absl::StrCat(
        "this machine's libraries compute wrong with the kernels ", present, ": ",
        checked.message(),
        kept.empty() ? std::string("; install another build of OpenBLAS or libtorch")
                     : absl::StrCat("; ", kept, " is set in the environment of kurd: unset it")));
  }
  std::vector<std::string> left =
      absl::StrSplit(environment[kLeftVariable], '\n', absl::SkipEmpty());
  if (!left.empty()) left.push_back(absl::StrCat("computing with the kernels ", present));
  return left;
}

}  // namespace kur::worker
