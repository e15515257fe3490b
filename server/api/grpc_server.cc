#include "server/api/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/clock.h"
#include "engine/base/status.h"
#include "server/api/call_counter.h"
#include "server/api/health_probe.h"
#include "server/api/turned_away_log.h"
#include "server/net/listening_socket.h"

namespace kur::server {
namespace {

// A submission of the largest sources, its inputs' names included.
constexpr int kMaxMessageBytes = 24 << 20;
constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// Clients may look after their connections more often than gRPC's five minutes.
constexpr int kMinClientPingMs = 10'000;

// How long gRPC waits for the end of a TLS handshake and the settings of HTTP/2.
constexpr int kHandshakeTimeoutMs = 20'000;
// How long a connection may be without a call. Clients connect again when they need to.
constexpr int kMaxIdleMs = 600'000;
constexpr absl::Duration kProbeTimeout = absl::Seconds(10);

// Tells the acceptor of connections that have authenticated: no other call than that of a public
// method gets as far as interceptors without a token where it needs one. Thread-safe.
class AuthenticationObserver : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit AuthenticationObserver(ConnectionAcceptor& acceptor) : acceptor_(acceptor) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    if (!IsPublic(info->method())) acceptor_.OnAuthenticated(info->server_context()->peer());
    return nullptr;
  }

 private:
  ConnectionAcceptor& acceptor_;
};

void Configure(grpc::ServerBuilder& builder) {
  static const bool once = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(once);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kMaxIdleMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinClientPingMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
}

}  // namespace

GrpcServer::GrpcServer(const GrpcServerOptions& options)
    : acceptor_(options.limits,
                [log = std::make_shared<TurnedAwayLog>(options.metrics)](absl::string_view reason) {
                  if (!reason.empty()) log->Add(reason);
                  log->WriteIfDue();
                }) {}

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcServerOptions& options, const std::vector<grpc::Service*>& services) {
  std::unique_ptr<GrpcServer> started(new GrpcServer(options));
  grpc::ServerBuilder builder;
  Configure(builder);
  builder.SetResourceQuota(grpc::ResourceQuota("calls").Resize(options.max_buffered_bytes));
  constexpr auto kFromFd = grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD;
  started->unix_ = builder.experimental().AddExternalConnectionAcceptor(
      kFromFd, grpc::InsecureServerCredentials());
  started->tcp_ = builder.experimental().AddExternalConnectionAcceptor(
      kFromFd, started->TcpCredentials(options));
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<AuthenticationObserver>(started->acceptor_));
  if (options.metrics != nullptr) {
    factories.push_back(std::make_unique<CallCounter>(*options.metrics));
  }
  builder.experimental().SetInterceptorCreators(std::move(factories));
  started->server_ = builder.BuildAndStart();
  if (started->server_ == nullptr) return absl::InternalError("cannot start the server of gRPC");
  KUR_RETURN_IF_ERROR(started->Listen(options.addresses));
  return started;
}

std::shared_ptr<grpc::ServerCredentials> GrpcServer::TcpCredentials(
    const GrpcServerOptions& options) {
  const bool needs_token = options.authenticator != nullptr && options.authenticator->has_tokens();
  std::shared_ptr<grpc::ServerCredentials> credentials;
  if (options.tls.has_value()) {
    credentials = tls_ = std::make_shared<TlsCredentials>(*options.tls);
  } else if (needs_token) {
    // Nothing on the wire, but unlike insecure credentials they can look at tokens.
    credentials = grpc::experimental::LocalServerCredentials(LOCAL_TCP);
  } else {
    return grpc::InsecureServerCredentials();
  }
  if (needs_token) credentials->SetAuthMetadataProcessor(options.authenticator->MakeProcessor());
  return credentials;
}

absl::Status GrpcServer::Listen(const std::vector<ListenAddress>& addresses) {
  std::vector<ConnectionAcceptor::Listener> listeners;
  for (ListenAddress address : addresses) {
    KUR_ASSIGN_OR_RETURN(std::vector<UniqueFd> sockets, server::Listen(address));
    addresses_.push_back(address.ToString());
    if (address.is_unix) socket_files_.push_back(address.path);
    External& external = address.is_unix ? *unix_ : *tcp_;
    for (UniqueFd& socket : sockets) {
      const int listener_fd = socket.get();
      listeners.push_back(
          {std::move(socket), address.is_unix, [&external, listener_fd](UniqueFd fd) {
             External::NewConnectionParameters connection;
             connection.listener_fd = listener_fd;
             connection.fd = fd.release();
             external.HandleNewConnection(&connection);
           }});
    }
  }
  return acceptor_.Start(std::move(listeners));
}

void GrpcServer::ReplaceCertificate(TlsFiles files) {
  if (tls_ != nullptr) tls_->Replace(std::move(files));
}

absl::Status GrpcServer::CheckHealth(const absl::Status& able) {
  server_->GetHealthCheckService()->SetServingStatus(able.ok());
  KUR_RETURN_IF_ERROR(able);
  for (const std::string& address : addresses_) {
    const bool tls = tls_ != nullptr && !absl::StartsWith(address, "unix:");
    KUR_RETURN_IF_ERROR(ProbeHealth(address, tls, kProbeTimeout));
  }
  return absl::OkStatus();
}

GrpcServer::~GrpcServer() { Stop(absl::ZeroDuration()); }

void GrpcServer::Stop(absl::Duration grace) {
  if (server_ == nullptr) return;
  acceptor_.Stop();
  for (const std::string& file : socket_files_) unlink(file.c_str());
  server_->Shutdown(DeadlineAfter(grace));
  server_->Wait();
  server_.reset();
}

}  // namespace kur::server
