#ifndef KUR_SERVER_EVALUATOR_EVALUATION_H_
#define KUR_SERVER_EVALUATOR_EVALUATION_H_

#include "server/protocol/evaluation.pb.h"

namespace kur::server {

// Evaluates and checks a Kurfile, and answers with what kurd needs to know of it. Opens no file.
// Thread-safe.
EvaluationResponse Evaluate(const EvaluationRequest& request);

}  // namespace kur::server

#endif  // KUR_SERVER_EVALUATOR_EVALUATION_H_
