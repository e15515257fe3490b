#ifndef KUR_SERVER_EVALUATOR_SANDBOX_H_
#define KUR_SERVER_EVALUATOR_SANDBOX_H_

#include <string>

#include "absl/status/status.h"

namespace kur::server {

// The descriptor on which an evaluation is asked and answered.
constexpr int kAnswerFd = 3;

// How much time of a processor an evaluation has.
constexpr int kProcessorSeconds = 5;

// Walls around the evaluation of a stranger's Kurfile. The process that forks the evaluations calls
// Prepare(), each child Enter(), before either reads a byte of a stranger. For processes of one
// thread.

// Limits memory, files and core dumps, takes the right to gain privileges, hides the process from
// others of the same user, and makes whatever crosses a limit answer on kAnswerFd with an
// EvaluationResponse that says so. Returns, in words for the operator, what this kernel lacks;
// empty if nothing.
std::string PrepareSandbox();

// Limits the time, closes every file but kAnswerFd, which `answer` becomes, and leaves only the
// system calls that reading, computing and answering need: any other ends the process.
absl::Status EnterSandbox(int answer);

}  // namespace kur::server

#endif  // KUR_SERVER_EVALUATOR_SANDBOX_H_
