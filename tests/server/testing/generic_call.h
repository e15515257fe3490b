#ifndef KUR_TESTS_SERVER_TESTING_GENERIC_CALL_H_
#define KUR_TESTS_SERVER_TESTING_GENERIC_CALL_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/server/testing/test_sockets.h"

namespace kur::server {

// Returns the code that a method, there or not, answers the bytes of a message with. `token` may be
// empty.
inline grpc::StatusCode CallMethod(const std::shared_ptr<grpc::Channel>& channel,
                                   const std::string& method, const std::string& token,
                                   const std::string& message = "") {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(kPatienceMs)));
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  const grpc::Slice slice(message);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status.error_code();
}

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_GENERIC_CALL_H_
