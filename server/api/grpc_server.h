#ifndef KUR_SERVER_API_GRPC_SERVER_H_
#define KUR_SERVER_API_GRPC_SERVER_H_

#include <grpcpp/server.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/auth/authenticator.h"
#include "server/metrics/metrics.h"
#include "server/net/listen_address.h"
#include "server/net/tls_files.h"

namespace kur::server {

// How a server listens. The pointers must outlive the server.
struct GrpcServerOptions {
  std::vector<ListenAddress> addresses;
  // For TCP; without it TCP is in the clear.
  std::optional<TlsFiles> tls;
  // Where it has tokens, every call over TCP needs one, whatever its service. Null: none does.
  const Authenticator* authenticator = nullptr;
  // Null: calls are not counted.
  Metrics* metrics = nullptr;
};

// A gRPC server with health checking and reflection. UNIX sockets can be opened only by the account
// that runs it. Not thread-safe; the services are called from threads of gRPC.
class GrpcServer {
 public:
  // `services` must outlive the server. FAILED_PRECONDITION or UNAVAILABLE naming the address that
  // cannot be had.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const GrpcServerOptions& options, const std::vector<grpc::Service*>& services);

  // As Stop(absl::ZeroDuration()), unless stopped.
  ~GrpcServer();

  // What it listens on, with the ports that the kernel has chosen.
  const std::vector<std::string>& addresses() const { return addresses_; }

  // Accepts nothing more, and waits at most `grace` for calls to end before they are cancelled.
  void Stop(absl::Duration grace);

 private:
  explicit GrpcServer(std::unique_ptr<grpc::Server> server, std::vector<std::string> addresses)
      : server_(std::move(server)), addresses_(std::move(addresses)) {}

  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> addresses_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_GRPC_SERVER_H_
