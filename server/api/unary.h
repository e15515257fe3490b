#ifndef KUR_SERVER_API_UNARY_H_
#define KUR_SERVER_API_UNARY_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "server/api/admission.h"
#include "server/api/grpc_status.h"
#include "server/auth/authenticator.h"
#include "server/net/task_pool.h"

namespace kur::server {

// Two ways to answer a call. gRPC has a few threads for all calls, so a handler runs on them only
// if it never waits for a disk, for a process, or for a lock that is held meanwhile:
// HandleInline(). Reading from the database is allowed, as its readers wait for no writer.
// Everything else goes to a pool: HandleOnPool(). Cancelling and asking for a checkpoint write a
// row or two; they are answered inline, because they must work while every pool is busy.

// Puts the value of a StatusOr into `*response`, or returns its status.
template <class Result, class Response>
grpc::Status Respond(Result result, Response* response) {
  if (!result.ok()) return ToGrpc(result.status());
  *response = *std::move(result);
  return grpc::Status::OK;
}

// Returns what a call ends with that a pool has no room for.
inline absl::Status TooManyCalls() {
  return absl::ResourceExhaustedError(
      "kurd has as many calls of this kind to answer as it can take; try again in a moment");
}

// Answers with what `work(caller)` returns: a StatusOr<Response>.
template <class Response, class Work>
grpc::ServerUnaryReactor* HandleInline(grpc::CallbackServerContext* context,
                                       const Authenticator& authenticator, Action action,
                                       Response* response, Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto admission = Admission::Admit(*context, authenticator, action);
  reactor->Finish(admission.ok() ? Respond(work(admission->caller()), response)
                                 : ToGrpc(admission.status()));
  return reactor;
}

// Answers with what `work(caller)` returns, on a thread of `pool`, where callers take turns;
// RESOURCE_EXHAUSTED if too many calls wait there. What `reserve(caller)` returns at once, a
// StatusOr of something that can be copied, is kept until then: a call that gets nothing does not
// wait.
template <class Response, class Reserve, class Work>
grpc::ServerUnaryReactor* HandleOnPool(TaskPool& pool, grpc::CallbackServerContext* context,
                                       const Authenticator& authenticator, Action action,
                                       Response* response, Reserve reserve, Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto admission = Admission::Admit(*context, authenticator, action);
  if (!admission.ok()) {
    reactor->Finish(ToGrpc(admission.status()));
    return reactor;
  }
  auto reserved = reserve(admission->caller());
  if (!reserved.ok()) {
    reactor->Finish(ToGrpc(reserved.status()));
    return reactor;
  }
  const std::string& user = admission->caller().user;
  const bool taken = pool.TryAdd(user, [context, reactor, response, caller = admission->caller(),
                                        work = std::move(work), kept = *std::move(reserved)] {
    // Nobody waits for what a caller has given up, nor for what it would leave behind.
    reactor->Finish(context->IsCancelled() ? grpc::Status::CANCELLED
                                           : Respond(work(caller), response));
  });
  if (!taken) reactor->Finish(ToGrpc(TooManyCalls()));
  return reactor;
}

}  // namespace kur::server

#endif  // KUR_SERVER_API_UNARY_H_
