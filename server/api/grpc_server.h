#ifndef KUR_SERVER_API_GRPC_SERVER_H_
#define KUR_SERVER_API_GRPC_SERVER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/api/tls_credentials.h"
#include "server/auth/authenticator.h"
#include "server/metrics/metrics.h"
#include "server/net/connection_acceptor.h"
#include "server/net/listen_address.h"
#include "server/net/tls_files.h"

namespace kur::server {

// How a server listens. The pointers must outlive the server.
struct GrpcServerOptions {
  std::vector<ListenAddress> addresses;
  // For TCP; without it TCP is in the clear.
  std::optional<TlsFiles> tls;
  // Where it has tokens, every call over TCP needs one, whatever its service, unless its method is
  // public. Null: none does.
  const Authenticator* authenticator = nullptr;
  // Null: calls are not counted.
  Metrics* metrics = nullptr;
  ConnectionLimits limits = ClientLimits();
  // What connections and calls may buffer in all, those of strangers included. Beyond it gRPC ends
  // calls.
  size_t max_buffered_bytes = size_t{512} << 20;
};

// A gRPC server with health checking and reflection. UNIX sockets can be opened only by the account
// that runs it. gRPC gets connections from a ConnectionAcceptor, because its own listener gives up
// for good when descriptors run out. Not thread-safe but for CheckHealth(); the services are called
// from threads of gRPC.
class GrpcServer {
 public:
  // `services` must outlive the server. Fails, naming the address, if one cannot be had.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const GrpcServerOptions& options, const std::vector<grpc::Service*>& services);

  // As Stop(absl::ZeroDuration()), unless stopped.
  ~GrpcServer();

  // What it listens on, with the ports that the kernel has chosen.
  const std::vector<std::string>& addresses() const { return addresses_; }

  // Replaces the certificate for new connections. Does nothing on a server without TLS.
  void ReplaceCertificate(TlsFiles files);

  // Lets health checks answer SERVING, as at first, or, unless `able` is OK, NOT_SERVING; and
  // checks over every address, as a client does. Returns the first thing that is wrong. Blocks at
  // most 10 s for an address. May be called from any one thread while others use the server.
  absl::Status CheckHealth(const absl::Status& able);

  // Accepts nothing more, and waits at most `grace` for calls to end before they are cancelled.
  void Stop(absl::Duration grace);

 private:
  using External = grpc::experimental::ExternalConnectionAcceptor;

  explicit GrpcServer(const GrpcServerOptions& options);

  std::shared_ptr<grpc::ServerCredentials> TcpCredentials(const GrpcServerOptions& options);
  absl::Status Listen(const std::vector<ListenAddress>& addresses);

  std::vector<std::string> addresses_;
  std::vector<std::string> socket_files_;
  // Null without TLS.
  std::shared_ptr<TlsCredentials> tls_;
  ConnectionAcceptor acceptor_;
  std::unique_ptr<External> unix_;
  std::unique_ptr<External> tcp_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_GRPC_SERVER_H_
