#ifndef KUR_TESTS_SERVER_TESTING_IN_PROCESS_EVALUATOR_H_
#define KUR_TESTS_SERVER_TESTING_IN_PROCESS_EVALUATOR_H_

#include "server/evaluator/evaluation.h"
#include "server/submission/kurfile_evaluator.h"

namespace kur::server {

// Evaluates in the process of the test. Thread-safe.
class InProcessEvaluator : public KurfileEvaluator {
 public:
  absl::StatusOr<EvaluationResponse> Evaluate(const EvaluationRequest& request) override {
    return server::Evaluate(request);
  }
};

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_IN_PROCESS_EVALUATOR_H_
