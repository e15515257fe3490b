#include "server/evaluator/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/confinement/syscall_filter.h"
#include "server/protocol/evaluation_stream.h"

// Sanitizers map terabytes and call what no Kurfile needs.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KUR_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KUR_SANITIZED 1
#endif
#endif

namespace kur::server {
namespace {

#ifdef KUR_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// Templates have budgets of their own, of about a second and 12 MB; these hold if a budget fails.
constexpr unsigned kWallSeconds = 60;  // on a machine that is busy with other work
constexpr rlim_t kMemoryBytes = rlim_t{512} << 20;

// Answers that are made beforehand: what sends them has no memory, or no stack.
struct LastWords {
  std::string time;
  std::string memory;
  std::string crash;
};

std::string Frame(const std::string& message) {
  EvaluationResponse response;
  response.add_errors()->set_message(message);
  return FrameOf(response);
}

const LastWords& TheLastWords() {
  static const LastWords* const words = new LastWords{
      Frame(absl::StrCat("evaluating the Kurfile takes more than ", kProcessorSeconds,
                         " seconds; make its templates and loops shorter")),
      Frame(absl::StrCat("evaluating the Kurfile takes more than ", kMemoryBytes >> 20,
                         " MiB of memory; make its lists and texts shorter")),
      Frame("evaluating the Kurfile crashed; if it nests very deeply, make that flatter, else "
            "please report it")};
  return *words;
}

[[noreturn]] void SayAndExit(const std::string& frame) {
  // Nobody is left to hear of an error.
  static_cast<void>(!write(kAnswerFd, frame.data(), frame.size()));
  _exit(EXIT_FAILURE);
}

void OnSignal(int number) {
  SayAndExit(number == SIGXCPU || number == SIGALRM ? TheLastWords().time : TheLastWords().crash);
}

void HandleSignals() {
  // For a stack that has run over; used as long as the process lives.
  static std::array<char, 64 << 10> stack;
  stack_t alternate = {};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  sigaltstack(&alternate, nullptr);
  for (const int number : {SIGXCPU, SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    struct sigaction action = {};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_ONSTACK;
    sigaction(number, &action, nullptr);
  }
  signal(SIGPIPE, SIG_IGN);
}

bool Limit(__rlimit_resource resource, rlim_t most, rlim_t last = 0) {
  rlimit limit = {};
  getrlimit(resource, &limit);
  limit.rlim_max = std::min(std::max(most, last), limit.rlim_max);
  limit.rlim_cur = std::min(most, limit.rlim_max);
  return setrlimit(resource, &limit) == 0;
}

}  // namespace

std::string PrepareSandbox() {
  TheLastWords();
  HandleSignals();
  std::set_new_handler([] { SayAndExit(TheLastWords().memory); });
  std::set_terminate([] { SayAndExit(TheLastWords().crash); });
  bool limited = Limit(RLIMIT_CORE, 0) && Limit(RLIMIT_FSIZE, 0);
  if (!kSanitized) limited &= Limit(RLIMIT_AS, kMemoryBytes);
  prctl(PR_SET_DUMPABLE, 0);
  limited &= prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  if (!limited) return "limits";
  return CanRefuseSyscalls() ? "" : "seccomp filters";
}

absl::Status EnterSandbox(int answer) {
  // What the process says goes to nobody's log.
  if (dup2(STDIN_FILENO, STDERR_FILENO) < 0) return ErrnoToStatus(errno, "closing the log");
  if (answer != kAnswerFd && dup2(answer, kAnswerFd) < 0) return ErrnoToStatus(errno, "dup2");
  if (close_range(kAnswerFd + 1, UINT_MAX, 0) != 0) return ErrnoToStatus(errno, "closing files");
  // The signal of the first limit can be answered to, that of the last cannot.
  if (!Limit(RLIMIT_CPU, kProcessorSeconds, kProcessorSeconds + 1)) {
    return ErrnoToStatus(errno, "limiting the time");
  }
  alarm(kWallSeconds);
  if (kSanitized || !CanRefuseSyscalls()) return absl::OkStatus();
  return RefuseSyscalls(SyscallPolicy::kCompute);
}

}  // namespace kur::server
