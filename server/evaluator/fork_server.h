#ifndef KUR_SERVER_EVALUATOR_FORK_SERVER_H_
#define KUR_SERVER_EVALUATOR_FORK_SERVER_H_

namespace kur::server {

// Serves evaluations on the control socket (see evaluation_stream.h), each in a child that is never
// used again, until kurd closes its end. Returns the exit code of the process, which must have one
// thread.
int ServeEvaluations(int control);

}  // namespace kur::server

#endif  // KUR_SERVER_EVALUATOR_FORK_SERVER_H_
