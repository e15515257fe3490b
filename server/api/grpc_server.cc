#include "server/api/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/clock.h"
#include "engine/base/status.h"
#include "server/api/call_counter.h"

namespace kur::server {
namespace {

// A submission of the largest sources, its inputs' names included.
constexpr int kMaxMessageBytes = 24 << 20;
constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// Clients may look after their connections more often than gRPC's five minutes.
constexpr int kMinClientPingMs = 10'000;

std::shared_ptr<grpc::ServerCredentials> CredentialsFor(const ListenAddress& address,
                                                        const GrpcServerOptions& options) {
  const bool needs_token = options.authenticator != nullptr && options.authenticator->has_tokens();
  if (address.is_unix || (!options.tls.has_value() && !needs_token)) {
    return grpc::InsecureServerCredentials();
  }
  std::shared_ptr<grpc::ServerCredentials> credentials;
  if (options.tls.has_value()) {
    grpc::SslServerCredentialsOptions ssl;
    ssl.pem_key_cert_pairs.push_back({options.tls->private_key, options.tls->certificate_chain});
    credentials = grpc::SslServerCredentials(ssl);
  } else {
    // Nothing on the wire, but unlike insecure credentials they can look at tokens.
    credentials = grpc::experimental::LocalServerCredentials(LOCAL_TCP);
  }
  if (needs_token) credentials->SetAuthMetadataProcessor(options.authenticator->MakeProcessor());
  return credentials;
}

void Configure(grpc::ServerBuilder& builder) {
  static const bool once = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(once);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinClientPingMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcServerOptions& options, const std::vector<grpc::Service*>& services) {
  grpc::ServerBuilder builder;
  Configure(builder);
  std::vector<int> ports(options.addresses.size(), 0);
  for (size_t i = 0; i < options.addresses.size(); ++i) {
    const ListenAddress& address = options.addresses[i];
    if (address.is_unix) KUR_RETURN_IF_ERROR(RemoveStaleSocket(address.path));
    builder.AddListeningPort(address.ToString(), CredentialsFor(address, options), &ports[i]);
  }
  for (grpc::Service* service : services) builder.RegisterService(service);
  if (options.metrics != nullptr) {
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
    factories.push_back(std::make_unique<CallCounter>(*options.metrics));
    builder.experimental().SetInterceptorCreators(std::move(factories));
  }
  const mode_t mask = umask(S_IRWXG | S_IRWXO | S_IXUSR);
  const absl::Cleanup restore = [mask] { umask(mask); };
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    const std::string all = absl::StrJoin(
        options.addresses, ", ",
        [](std::string* out, const ListenAddress& address) { out->append(address.ToString()); });
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", all,
                     ": an address is in use by another program or not this machine's"));
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < options.addresses.size(); ++i) {
    ListenAddress bound = options.addresses[i];
    bound.port = ports[i];
    names.push_back(bound.ToString());
  }
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(server), std::move(names)));
}

GrpcServer::~GrpcServer() { Stop(absl::ZeroDuration()); }

void GrpcServer::Stop(absl::Duration grace) {
  if (server_ == nullptr) return;
  server_->Shutdown(DeadlineAfter(grace));
  server_->Wait();
  server_.reset();
}

}  // namespace kur::server
