#include "server/submission/evaluator_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/clock.h"
#include "engine/base/passed_fd.h"
#include "engine/base/status.h"
#include "server/protocol/evaluation_stream.h"

namespace kur::server {
namespace {

// How long an evaluation, or the start of the program, may say nothing, and how long it may take in
// all. The evaluator's own limits are shorter.
constexpr time_t kSilenceSeconds = 90;
constexpr absl::Duration kLongest = absl::Seconds(120);

constexpr size_t kMaxLackingBytes = 200;

// Says that the machine, and no Kurfile, is to blame.
absl::Status Unavailable(absl::string_view why) {
  spdlog::error("a Kurfile cannot be evaluated: {}", std::string(why));
  return absl::UnavailableError(
      absl::StrCat("kurd cannot evaluate Kurfiles now (", why, "); try again in a moment"));
}

struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};

absl::StatusOr<SocketPair> MakeSocketPair(int type) {
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoToStatus(errno, "talking to kurd-evaluator");
  }
  SocketPair pair = {UniqueFd(ends[0]), UniqueFd(ends[1])};
  timeval silence = {};
  silence.tv_sec = kSilenceSeconds;
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    setsockopt(pair.ours.get(), SOL_SOCKET, option, &silence, sizeof(silence));
  }
  return pair;
}

// What a program needs of kurd's environment, in which secrets may be.
std::vector<char*> EvaluatorEnvironment() {
  std::vector<char*> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    for (const char* name : {"LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=",
                             "UBSAN_OPTIONS="}) {
      if (strncmp(*entry, name, strlen(name)) == 0) environment.push_back(*entry);
    }
  }
  environment.push_back(nullptr);
  return environment;
}

// Starts the program with `control` as kControlFd, kurd's log, and nothing else of this process.
absl::StatusOr<pid_t> Spawn(const std::string& binary, int control) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  const absl::Cleanup destroy = [&] {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  };
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, control, kControlFd);
  posix_spawn_file_actions_addclosefrom_np(&actions, kControlFd + 1);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char* arguments[] = {const_cast<char*>(binary.c_str()), nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, binary.c_str(), &actions, &attributes, arguments,
                                EvaluatorEnvironment().data());
  if (error != 0) return ErrnoToStatus(error, absl::StrCat("starting ", binary));
  return pid;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EvaluatorProcess>> EvaluatorProcess::Start(const std::string& binary,
                                                                          OnLaunch on_launch) {
  std::unique_ptr<EvaluatorProcess> process(new EvaluatorProcess(binary, std::move(on_launch)));
  absl::MutexLock lock(&process->mutex_);
  KUR_RETURN_IF_ERROR(process->Launch());
  return process;
}

EvaluatorProcess::~EvaluatorProcess() {
  absl::MutexLock lock(&mutex_);
  Reap();
}

pid_t EvaluatorProcess::pid() const {
  absl::MutexLock lock(&mutex_);
  return pid_;
}

void EvaluatorProcess::Reap() {
  control_.reset();
  if (pid_ == 0) return;
  // It serves nobody else, and a child of its own is not touched.
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

absl::Status EvaluatorProcess::Launch() {
  KUR_ASSIGN_OR_RETURN(SocketPair pair, MakeSocketPair(SOCK_SEQPACKET));
  KUR_ASSIGN_OR_RETURN(pid_, Spawn(binary_, pair.theirs.get()));
  pair.theirs.reset();
  control_ = std::move(pair.ours);
  absl::Status known = on_launch_ ? on_launch_(pid_) : absl::OkStatus();
  if (!known.ok()) {
    Reap();
    return known;
  }
  std::string greeting(1024, '\0');
  const ssize_t count = recv(control_.get(), &greeting[0], greeting.size(), 0);
  greeting.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
  absl::string_view lacking = greeting;
  if (!absl::ConsumePrefix(&lacking, kReady)) {
    Reap();
    return absl::FailedPreconditionError(
        absl::StrCat(binary_, " does not start; is it the kurd-evaluator of this kurd?"));
  }
  if (!lacking.empty()) {
    spdlog::warn("this kernel lacks {}: strangers' Kurfiles are evaluated with less around them",
                 std::string(lacking));
  }
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> EvaluatorProcess::Begin() {
  KUR_ASSIGN_OR_RETURN(SocketPair pair, MakeSocketPair(SOCK_STREAM));
  const absl::StatusOr<UniqueFd> theirs = std::move(pair.theirs);
  absl::MutexLock lock(&mutex_);
  if (control_.valid() && SendFd(control_.get(), theirs)) return std::move(pair.ours);
  spdlog::error("kurd-evaluator has gone; starting it again");
  Reap();
  KUR_RETURN_IF_ERROR(Launch());
  if (SendFd(control_.get(), theirs)) return std::move(pair.ours);
  return absl::InternalError("kurd-evaluator does not answer");
}

absl::StatusOr<std::string> EvaluatorProcess::Ask(const std::string& question) {
  const absl::Duration deadline = Uptime() + kLongest;
  const auto socket = Begin();
  if (!socket.ok()) return Unavailable(socket.status().message());
  // One that ends while it is asked may have said why.
  WriteAll(socket->get(), question).IgnoreError();
  return ReadFrame(socket->get(), kMaxEvaluationResponseBytes, deadline);
}

absl::StatusOr<EvaluationResponse> EvaluatorProcess::Evaluate(const EvaluationRequest& request) {
  const std::string question = FrameOf(request);
  auto frame = Ask(question);
  // Once more: the program may have ended between taking the question and starting the child that
  // answers. Of what ends the child each time no more comes than that.
  if (absl::IsDataLoss(frame.status()) || absl::IsUnknown(frame.status())) frame = Ask(question);
  if (absl::IsUnavailable(frame.status())) return frame.status();
  if (absl::IsDeadlineExceeded(frame.status())) {
    // It may hang: the next one is asked of another.
    absl::MutexLock lock(&mutex_);
    Reap();
    return absl::UnavailableError("the Kurfile could not be evaluated in time; try again");
  }
  EvaluationResponse response;
  if (frame.ok() && response.ParseFromString(*frame)) {
    if (response.lacking().empty()) return response;
    return Unavailable(absl::CHexEscape(response.lacking().substr(0, kMaxLackingBytes)));
  }
  spdlog::warn("the evaluation of {} ended without an answer: {}", request.kurfile(),
               frame.ok() ? "it was no answer" : std::string(frame.status().message()));
  return absl::InvalidArgumentError(
      absl::StrCat(request.kurfile(),
                   " could not be evaluated: it needs too much, or it breaks what reads it; make "
                   "it smaller or flatter"));
}

}  // namespace kur::server
