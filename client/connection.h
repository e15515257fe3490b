#ifndef KUR_CLIENT_CONNECTION_H_
#define KUR_CLIENT_CONNECTION_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/config.h"
#include "kur/v1/errors.pb.h"
#include "kur/v1/kur.grpc.pb.h"

namespace kur::client {

// A gRPC connection to one kurd. Every error status is marked as the server's (see ExitCodeOf()),
// names the address that could not be reached, and carries the server's details for
// ErrorDetailsOf(). Thread-safe.
class Connection {
 public:
  // The default deadline of a unary call.
  static constexpr absl::Duration kCallTimeout = absl::Seconds(60);

  // Creates a connection. Over a UNIX socket, the socket's cookie takes the place of the token if
  // this account can read it. Connects over TCP only with the first call. Returns UNAVAILABLE
  // immediately for a UNIX socket on which no server listens.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Settings& settings);

  // Calls a unary method:
  //   connection.Call(&v1::Jobs::Stub::GetJob, request)
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, absl::Duration timeout = kCallTimeout) {
    grpc::ClientContext context;
    Prepare(&context, timeout);
    Response response;
    const grpc::Status status = (stub<Stub>().*method)(&context, request, &response);
    if (!status.ok()) return ToStatus(status);
    return response;
  }

  v1::Jobs::Stub& jobs() { return *jobs_; }
  v1::Blobs::Stub& blobs() { return *blobs_; }
  v1::System::Stub& system() { return *system_; }

  // Adds the bearer token and, unless infinite, a deadline to the context of a call.
  void Prepare(grpc::ClientContext* context,
               absl::Duration timeout = absl::InfiniteDuration()) const;

  // Converts the status of a finished call and words the message for people.
  absl::Status ToStatus(const grpc::Status& status) const;

  const Settings& settings() const { return settings_; }

 private:
  Connection(Settings settings, const std::shared_ptr<grpc::Channel>& channel);

  template <class Stub>
  Stub& stub() {
    if constexpr (std::is_same_v<Stub, v1::Jobs::Stub>) return *jobs_;
    if constexpr (std::is_same_v<Stub, v1::Blobs::Stub>) return *blobs_;
    if constexpr (std::is_same_v<Stub, v1::Secrets::Stub>) return *secrets_;
    if constexpr (std::is_same_v<Stub, v1::System::Stub>) return *system_;
  }

  const Settings settings_;
  std::unique_ptr<v1::Jobs::Stub> jobs_;
  std::unique_ptr<v1::Blobs::Stub> blobs_;
  std::unique_ptr<v1::Secrets::Stub> secrets_;
  std::unique_ptr<v1::System::Stub> system_;
};

// Returns the details that a server attached to the status of a failed call; empty if there are
// none.
v1::ErrorDetails ErrorDetailsOf(const absl::Status& status);

// Returns whether a retry may succeed: the server is restarting or the network was interrupted.
bool IsTransient(const absl::Status& status);

}  // namespace kur::client

#endif  // KUR_CLIENT_CONNECTION_H_
