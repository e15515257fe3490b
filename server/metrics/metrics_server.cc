#include "server/metrics/metrics_server.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/net/listening_socket.h"

namespace kur::server {
namespace {

constexpr unsigned kConnections = 32;
constexpr unsigned kConnectionsOfAddress = 8;
constexpr unsigned kSilentSeconds = 10;
constexpr char kTlsVersions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

MHD_Result Respond(MHD_Connection* connection, unsigned code, const std::string& text,
                   const char* header = nullptr, const char* value = nullptr) {
  // The library changes nothing in a copy.
  MHD_Response* response = MHD_create_response_from_buffer(
      text.size(), const_cast<char*>(text.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                          "text/plain; version=0.0.4; charset=utf-8");
  if (header != nullptr) MHD_add_response_header(response, header, value);
  const MHD_Result queued = MHD_queue_response(connection, code, response);
  MHD_destroy_response(response);
  return queued;
}

// Answers a request as soon as its headers are there. Who may not ask learns nothing else.
MHD_Result OnRequest(void* server, MHD_Connection* connection, const char* url, const char* method,
                     const char* /*version*/, const char* /*data*/, size_t* /*size*/,
                     void** /*state*/) {
  const auto& options = *static_cast<const MetricsServer::Options*>(server);
  if (options.authorize) {
    const char* header =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    const absl::Status allowed = options.authorize(header == nullptr ? "" : header);
    if (!allowed.ok()) {
      return Respond(connection, MHD_HTTP_UNAUTHORIZED, absl::StrCat(allowed.message(), "\n"),
                     MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"kurd\"");
    }
  }
  const absl::string_view asked = method;
  if (asked != MHD_HTTP_METHOD_GET && asked != MHD_HTTP_METHOD_HEAD) {
    return Respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n", MHD_HTTP_HEADER_ALLOW,
                   "GET, HEAD");
  }
  if (absl::string_view(url) != "/metrics") {
    return Respond(connection, MHD_HTTP_NOT_FOUND, "only /metrics is here\n");
  }
  return Respond(connection, MHD_HTTP_OK, options.page());
}

}  // namespace

void MetricsServer::Stopper::operator()(MHD_Daemon* daemon) const {
  // Stopping would shut the socket down, also for who listens on a duplicate of it.
  const UniqueFd socket(MHD_quiesce_daemon(daemon));
  MHD_stop_daemon(daemon);
}

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(Options options) {
  std::unique_ptr<MetricsServer> server(new MetricsServer(std::move(options)));
  ListenAddress address = server->options_.address;
  KUR_ASSIGN_OR_RETURN(server->sockets_, Listen(address));
  KUR_ASSIGN_OR_RETURN(auto daemons, server->Answer(server->options_.tls));
  const absl::MutexLock lock(&server->mutex_);
  server->daemons_ = std::move(daemons);
  return server;
}

absl::StatusOr<MetricsServer::Daemons> MetricsServer::Answer(const std::optional<TlsFiles>& tls) {
  Daemons daemons;
  std::vector<MHD_OptionItem> encryption;
  if (tls.has_value()) {
    // The library reads these and keeps none.
    const auto text = [](const std::string& pem) { return const_cast<char*>(pem.c_str()); };
    encryption = {{MHD_OPTION_HTTPS_MEM_CERT, 0, text(tls->certificate_chain)},
                  {MHD_OPTION_HTTPS_MEM_KEY, 0, text(tls->private_key)},
                  {MHD_OPTION_HTTPS_PRIORITIES, 0, const_cast<char*>(kTlsVersions)}};
  }
  encryption.push_back({MHD_OPTION_END, 0, nullptr});
  const unsigned flags =
      MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC | (tls.has_value() ? unsigned{MHD_USE_TLS} : 0U);
  for (const UniqueFd& socket : sockets_) {
    UniqueFd mine(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    if (!mine.valid()) return ErrnoToStatus(errno, "serving metrics");
    MHD_Daemon* daemon = MHD_start_daemon(
        flags, 0, nullptr, nullptr, OnRequest, const_cast<Options*>(&options_),
        MHD_OPTION_LISTEN_SOCKET, mine.get(), MHD_OPTION_CONNECTION_LIMIT, kConnections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, kConnectionsOfAddress, MHD_OPTION_CONNECTION_TIMEOUT,
        kSilentSeconds, MHD_OPTION_ARRAY, encryption.data(), MHD_OPTION_END);
    if (daemon == nullptr) {
      return absl::UnavailableError(
          absl::StrCat("cannot serve metrics on ", options_.address.ToString()));
    }
    mine.release();
    daemons.emplace_back(daemon);
  }
  return daemons;
}

absl::Status MetricsServer::ReplaceCertificate(TlsFiles tls) {
  if (!options_.tls.has_value()) return absl::OkStatus();
  KUR_ASSIGN_OR_RETURN(Daemons daemons, Answer(std::move(tls)));
  const absl::MutexLock lock(&mutex_);
  daemons_.swap(daemons);
  return absl::OkStatus();
}

MetricsServer::~MetricsServer() = default;

}  // namespace kur::server
