#ifndef KUR_SERVER_SUBMISSION_EVALUATOR_PROCESS_H_
#define KUR_SERVER_SUBMISSION_EVALUATOR_PROCESS_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/unique_fd.h"
#include "server/submission/kurfile_evaluator.h"

namespace kur::server {

// Evaluates each Kurfile in a confined process of its own, a child of kurd-evaluator, which is
// started here and started again if it has gone. Thread-safe; as many evaluations run at a time as
// threads ask for one.
class EvaluatorProcess : public KurfileEvaluator {
 public:
  // Told the process id of the program, before it evaluates anything; an error ends the program.
  using OnLaunch = std::function<absl::Status(pid_t)>;

  // Starts the program `binary`. FAILED_PRECONDITION, naming it, if it does not come up.
  static absl::StatusOr<std::unique_ptr<EvaluatorProcess>> Start(const std::string& binary,
                                                                 OnLaunch on_launch = nullptr);

  // Ends the program. Evaluations must have ended.
  ~EvaluatorProcess() override;

  absl::StatusOr<EvaluationResponse> Evaluate(const EvaluationRequest& request) override;

  // Returns the process id of the program.
  pid_t pid() const;

 private:
  EvaluatorProcess(std::string binary, OnLaunch on_launch)
      : binary_(std::move(binary)), on_launch_(std::move(on_launch)) {}

  absl::Status Launch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Reap() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns the socket of an evaluation that has been begun.
  absl::StatusOr<UniqueFd> Begin();
  // Returns the answer to one question; DATA_LOSS or UNKNOWN if it breaks off, UNAVAILABLE if it
  // cannot be asked.
  absl::StatusOr<std::string> Ask(const std::string& question);

  const std::string binary_;
  const OnLaunch on_launch_;
  mutable absl::Mutex mutex_;
  UniqueFd control_ ABSL_GUARDED_BY(mutex_);
  pid_t pid_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kur::server

#endif  // KUR_SERVER_SUBMISSION_EVALUATOR_PROCESS_H_
