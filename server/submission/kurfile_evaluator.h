#ifndef KUR_SERVER_SUBMISSION_KURFILE_EVALUATOR_H_
#define KUR_SERVER_SUBMISSION_KURFILE_EVALUATOR_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/protocol/evaluation.pb.h"

namespace kur::server {

// Evaluates the Kurfiles of strangers. Thread-safe.
class KurfileEvaluator {
 public:
  virtual ~KurfileEvaluator() = default;

  // Blocks until the Kurfile is evaluated. An error means that the evaluation did not come to its
  // end: INVALID_ARGUMENT if the Kurfile is to blame, as one that needs too much, else UNAVAILABLE.
  // What the response says is not checked.
  virtual absl::StatusOr<EvaluationResponse> Evaluate(const EvaluationRequest& request) = 0;
};

// Returns INVALID_ARGUMENT if the response says what no honest evaluator can say: too much, or
// about devices and paths that cannot be.
absl::Status CheckResponse(const EvaluationResponse& response);

}  // namespace kur::server

#endif  // KUR_SERVER_SUBMISSION_KURFILE_EVALUATOR_H_
