#include "client/connection.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/exit_code.h"
#include "engine/base/clock.h"
#include "engine/base/file_system.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"
#include "server/protocol/socket_cookie.h"

namespace kur::client {
namespace {

constexpr int64_t kMaxCookieBytes = 1024;
constexpr char kDetailsPayload[] = "kurctl/error-details";

absl::Status NotListeningError(const Settings& settings, int error) {
  if (settings.is_default_server) {
    return UnreachableError(
        "no kurd is running here; start one with `kurctl up`, or name a server with --server");
  }
  return UnreachableError(
      absl::StrCat("cannot reach ", settings.server.ToString(), ": ", std::strerror(error)));
}

// Checks that a server listens on the socket: gRPC retries for a while before it reports that.
absl::Status ProbeSocket(const Settings& settings) {
  const std::string& path = settings.server.path;
  sockaddr_un address = {};
  if (path.size() >= sizeof(address.sun_path)) {
    return UsageError(absl::StrCat("the socket path ", path, " is longer than the ",
                                   sizeof(address.sun_path) - 1, " bytes that the system allows"));
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return ErrnoToStatus(errno, "socket");
  if (connect(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    return absl::OkStatus();
  }
  if (errno == EACCES) {
    return MarkAsServerError(absl::PermissionDeniedError(
        absl::StrCat("you may not use ", settings.server.ToString(), ": ", std::strerror(errno))));
  }
  return NotListeningError(settings, errno);
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(const Settings& settings) {
  if (!settings.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = settings.tls_roots;
  return grpc::SslCredentials(options);
}

// Returns the innermost error of a message of gRPC: "Connection refused" of "failed to connect to
// all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to remote host:
// Connection refused".
std::string RootCause(const std::string& message) {
  if (!absl::StrContains(message, "last error: ")) return message;
  const std::vector<std::string> parts = absl::StrSplit(message, ": ");
  return parts.back();
}

// Ignores details of another kind: the message says everything.
v1::ErrorDetails ParseDetails(const std::string& text) {
  v1::ErrorDetails details;
  if (!details.ParseFromString(text)) details.Clear();
  return details;
}

// Returns advice to append to the message if the cause of a failure may be TLS; else "".
std::string TlsHint(const std::string& cause, const Settings& settings) {
  const bool network = settings.server.kind != Address::Kind::kUnix;
  if (settings.tls && absl::StrContains(cause, "certificate")) {
    return "; name the certificates that may sign the server's with --tls-ca";
  }
  if (settings.tls && absl::StrContains(cause, "SSL")) return "; does the server speak TLS?";
  if (!settings.tls && network && absl::StrContains(cause, "Socket closed")) {
    return "; if the server wants TLS, say --tls";
  }
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Settings& settings) {
  const Address& server = settings.server;
  if (server.kind == Address::Kind::kUnix) KUR_RETURN_IF_ERROR(ProbeSocket(settings));
  if (!settings.token.empty() && !settings.tls && !server.IsLocal()) {
    return absl::InternalError("refusing to send a token without TLS");
  }
  Settings proven = settings;
  if (server.kind == Address::Kind::kUnix) {
    // The account that runs kurd can read it; others have a token.
    auto cookie = FileSystem::Posix().Read(server::CookieFileOf(server.path), kMaxCookieBytes);
    if (cookie.ok() && IsSha256Hex(*cookie)) proven.token = *std::move(cookie);
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000);
  // Pings find connections that died silently, as while a laptop slept. kurd allows far more
  // frequent pings.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  if (server.IsLocal()) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  auto channel = grpc::CreateCustomChannel(server.ToString(), CredentialsFor(settings), arguments);
  return std::unique_ptr<Connection>(new Connection(std::move(proven), channel));
}

Connection::Connection(Settings settings, const std::shared_ptr<grpc::Channel>& channel)
    : settings_(std::move(settings)),
      jobs_(v1::Jobs::NewStub(channel)),
      blobs_(v1::Blobs::NewStub(channel)),
      secrets_(v1::Secrets::NewStub(channel)),
      system_(v1::System::NewStub(channel)) {}

void Connection::Prepare(grpc::ClientContext* context, absl::Duration timeout) const {
  if (timeout != absl::InfiniteDuration()) {
    context->set_deadline(DeadlineAfter(timeout));
  }
  if (!settings_.token.empty()) {
    context->AddMetadata("authorization", absl::StrCat("Bearer ", settings_.token));
  }
}

absl::Status Connection::ToStatus(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  std::string message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      if (ParseDetails(status.error_details()).reached()) break;
      message = absl::StrCat("cannot reach ", settings_.server.ToString(), ": ", RootCause(message),
                             TlsHint(RootCause(message), settings_));
      break;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      message = absl::StrCat(settings_.server.ToString(), " does not answer");
      break;
    case grpc::StatusCode::UNAUTHENTICATED:
      absl::StrAppend(&message, settings_.token.empty()
                                    ? "; give a token with --token-file or $KURCTL_TOKEN"
                                    : "; check your token");
      break;
    default:
      break;
  }
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), message);
  if (!status.error_details().empty()) {
    result.SetPayload(kDetailsPayload, absl::Cord(status.error_details()));
  }
  return MarkAsServerError(std::move(result));
}

v1::ErrorDetails ErrorDetailsOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kDetailsPayload);
  return payload.has_value() ? ParseDetails(std::string(*payload)) : v1::ErrorDetails();
}

bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    // The status of a stream whose server is shutting down.
    case absl::StatusCode::kCancelled:
      return true;
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
      return absl::StrContains(status.message(), "Stream removed") ||
             absl::StrContains(status.message(), "RST_STREAM");
    default:
      return false;
  }
}

}  // namespace kur::client
