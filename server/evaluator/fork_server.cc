#include "server/evaluator/fork_server.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/base/passed_fd.h"
#include "engine/base/unique_fd.h"
#include "server/evaluator/evaluation.h"
#include "server/evaluator/sandbox.h"
#include "server/protocol/evaluation_stream.h"

namespace kur::server {
namespace {

// Answers that the machine is to blame. Does not wait for one who does not read, and nobody is left
// to hear of an error.
void SayLacking(int answer, absl::string_view what) {
  EvaluationResponse failure;
  failure.set_lacking(std::string(what));
  const std::string frame = FrameOf(failure);
  static_cast<void>(!send(answer, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

[[noreturn]] void EvaluateAndExit(int answer) {
  if (const absl::Status entered = EnterSandbox(answer); !entered.ok()) {
    SayLacking(kAnswerFd, entered.message());
    _exit(EXIT_FAILURE);
  }
  const auto frame = ReadFrame(kAnswerFd, kMaxEvaluationRequestBytes);
  EvaluationRequest request;
  if (!frame.ok() || !request.ParseFromString(*frame)) _exit(EXIT_FAILURE);
  const bool answered = WriteAll(kAnswerFd, FrameOf(Evaluate(request))).ok();
  _exit(answered ? EXIT_SUCCESS : EXIT_FAILURE);
}

// Builds what the language builds when it is first used, so that the children share it.
void WarmUp() {
  EvaluationRequest request;
  request.set_kurfile("k.yml");
  v1::SourceFile& source = *request.add_sources();
  source.set_path("k.yml");
  source.set_content(R"(
settings: {size: 10}
model:
  - input: {shape: [28, 28, 1]}
    name: images
  - for: {range: 2, iterate: [{convolution: {kernels: 4, size: [3, 3]}}, {activation: relu}]}
  - flatten:
  - dense: "{{ size * 1 }}"
  - activation: softmax
    name: labels
train:
  data: [{mnist: {images: a.gz, labels: b.gz}}]
  epochs: 1
  optimizer: adam
  weights: {initial: w.kur, last: w.kur}
validate: {data: [{csv: c.csv}]}
loss: [{target: labels, name: categorical_crossentropy}]
)");
  static_cast<void>(FrameOf(Evaluate(request)));
}

// The children, by process id, with the socket on which each answers. Not thread-safe.
class Children {
 public:
  void Start(UniqueFd answer) {
    const pid_t pid = fork();
    if (pid == 0) EvaluateAndExit(answer.get());
    if (pid > 0) {
      answers_[pid] = std::move(answer);
    } else {
      SayLacking(answer.get(), absl::StrCat("starting a process: ", strerror(errno)));
    }
  }

  // Closes the sockets of those who have ended. What they have to say is in their answers, but for
  // who was killed without having crossed a limit.
  void Reap() {
    int status = 0;
    rusage usage = {};
    for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0; answers_.erase(pid)) {
      const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
      // As the kernel kills one that is over its time and does not listen.
      const bool slow = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec >= kProcessorSeconds;
      if (!killed || slow) continue;
      SayLacking(answers_[pid].get(), "its process was killed, as when memory runs out");
    }
  }

 private:
  std::map<pid_t, UniqueFd> answers_;
};

// Returns a descriptor that can be read when a child has ended.
UniqueFd OpenChildEnds() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  return UniqueFd(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

int ServeEvaluations(int control) {
  const std::string greeting = absl::StrCat(kReady, PrepareSandbox());
  WarmUp();
  const UniqueFd ends = OpenChildEnds();
  Children children;
  if (!ends.valid() || send(control, greeting.data(), greeting.size(), MSG_NOSIGNAL) < 0) return 1;
  while (true) {
    std::array<pollfd, 2> waited = {{{control, POLLIN, 0}, {ends.get(), POLLIN, 0}}};
    if (poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) return 1;
    signalfd_siginfo end;
    while (read(ends.get(), &end, sizeof(end)) > 0) {
    }
    children.Reap();
    if (waited[0].revents == 0) continue;
    auto answer = ReceiveFd(control);
    if (!answer.ok()) return 0;
    children.Start(*std::move(answer));
  }
}

}  // namespace kur::server
