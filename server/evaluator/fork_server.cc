#include "server/evaluator/fork_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/passed_fd.h"
#include "server/evaluator/evaluation.h"
#include "server/evaluator/sandbox.h"
#include "server/protocol/evaluation_stream.h"

namespace kur::server {
namespace {

[[noreturn]] void EvaluateAndExit(int answer) {
  if (const absl::Status entered = EnterSandbox(answer); !entered.ok()) {
    EvaluationResponse failure;
    failure.add_errors()->set_message(
        absl::StrCat("the Kurfile cannot be evaluated safely here: ", entered.message()));
    WriteAll(kAnswerFd, FrameOf(failure)).IgnoreError();
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

}  // namespace

int ServeEvaluations(int control) {
  const std::string greeting = absl::StrCat(kReady, PrepareSandbox());
  WarmUp();
  // Children are not waited for: what they have to say is in their answer, or that there is none.
  signal(SIGCHLD, SIG_IGN);
  if (send(control, greeting.data(), greeting.size(), MSG_NOSIGNAL) < 0) return 1;
  while (true) {
    const auto answer = ReceiveFd(control);
    if (!answer.ok()) return 0;
    // Without a child the socket closes, and the caller tells his.
    if (fork() == 0) EvaluateAndExit(answer->get());
  }
}

}  // namespace kur::server
