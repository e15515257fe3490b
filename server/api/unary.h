#ifndef KUR_SERVER_API_UNARY_H_
#define KUR_SERVER_API_UNARY_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <string>
#include <utility>

#include "server/api/grpc_status.h"
#include "server/api/task_pool.h"
#include "server/auth/authenticator.h"

namespace kur::server {

// Puts the value of a StatusOr into `*response`, or returns its status.
template <class Result, class Response>
grpc::Status Respond(Result result, Response* response) {
  if (result.ok()) *response = *std::move(result);
  return ToGrpc(result.status());
}

// Answers a call with what `work(user)` returns: a StatusOr<Response>.
template <class Response, class Work>
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                 const Authenticator& authenticator, Response* response,
                                 Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto user = authenticator.UserOf(*context);
  reactor->Finish(user.ok() ? Respond(work(*user), response) : ToGrpc(user.status()));
  return reactor;
}

// As Answer(), for work that takes long.
template <class Response, class Work>
grpc::ServerUnaryReactor* AnswerLater(TaskPool& pool, grpc::CallbackServerContext* context,
                                      const Authenticator& authenticator, Response* response,
                                      Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto user = authenticator.UserOf(*context);
  if (!user.ok()) {
    reactor->Finish(ToGrpc(user.status()));
    return reactor;
  }
  pool.Add([reactor, response, user = *std::move(user), work = std::move(work)] {
    reactor->Finish(Respond(work(user), response));
  });
  return reactor;
}

}  // namespace kur::server

#endif  // KUR_SERVER_API_UNARY_H_
