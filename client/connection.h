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

// The way to one kurd. Statuses are marked as the server's (see ExitCodeOf()), say in words for
// people what could not be reached, and carry what ErrorDetailsOf() finds. Thread-safe.
class Connection {
 public:
  // How long a call may take that answers at once.
  static constexpr absl::Duration kCallTimeout = absl::Seconds(60);

  // Prepares a connection. Opens nothing over TCP; on a UNIX socket UNAVAILABLE at once when nobody
  // listens there.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Settings& settings);

  // Calls a method that answers with one message:
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

  // Adds the caller's identity and, unless infinite, a deadline to a call.
  void Prepare(grpc::ClientContext* context,
               absl::Duration timeout = absl::InfiniteDuration()) const;

  // The status of a finished call, in words for people.
  absl::Status ToStatus(const grpc::Status& status) const;

  const Settings& settings() const { return settings_; }

 private:
  Connection(Settings settings, const std::shared_ptr<grpc::Channel>& channel);

  template <class Stub>
  Stub& stub() {
    if constexpr (std::is_same_v<Stub, v1::Jobs::Stub>) return *jobs_;
    if constexpr (std::is_same_v<Stub, v1::Blobs::Stub>) return *blobs_;
    if constexpr (std::is_same_v<Stub, v1::System::Stub>) return *system_;
  }

  const Settings settings_;
  std::unique_ptr<v1::Jobs::Stub> jobs_;
  std::unique_ptr<v1::Blobs::Stub> blobs_;
  std::unique_ptr<v1::System::Stub> system_;
};

// The details that a server added to a failed call; empty for any other status.
v1::ErrorDetails ErrorDetailsOf(const absl::Status& status);

// True for a failure that may pass by itself: the server is restarting, the network was gone.
bool IsTransient(const absl::Status& status);

}  // namespace kur::client

#endif  // KUR_CLIENT_CONNECTION_H_
