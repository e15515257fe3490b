#include "server/net/listen_address.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace kur::server {
namespace {

// The last byte is the terminating NUL.
constexpr size_t kMaxUnixPathBytes = sizeof(sockaddr_un::sun_path) - 1;

absl::StatusOr<ListenAddress> ParseUnix(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("expected a path after 'unix:'");
  ListenAddress address;
  address.is_unix = true;
  address.path = std::filesystem::absolute(path).lexically_normal().string();
  if (address.path.size() > kMaxUnixPathBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the socket's path has ", address.path.size(), " bytes, but the kernel allows only ",
        kMaxUnixPathBytes, ": ", address.path, "; choose a shorter --state-dir or --listen"));
  }
  return address;
}

bool HasListener(const std::string& path) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace

bool ListenAddress::IsLocal() const {
  if (is_unix || host == "localhost") return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string ListenAddress::ToString() const {
  if (is_unix) return "unix:" + path;
  const bool v6 = absl::StrContains(host, ':');
  return v6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text) {
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) return ParseUnix(std::string(rest));
  auto invalid = absl::InvalidArgumentError(
      absl::StrCat("cannot listen on '", text, "': expected unix:PATH, HOST:PORT or [IPV6]:PORT"));
  ListenAddress address;
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return invalid;
  if (!absl::SimpleAtoi(text.substr(colon + 1), &address.port)) return invalid;
  absl::string_view host = text.substr(0, colon);
  const bool bracketed = absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("[]") != absl::string_view::npos ||
      absl::StrContains(host, ':') != bracketed)
    return invalid;
  if (address.port < 0 || address.port > 65535) return invalid;
  address.host = std::string(host);
  return address;
}

absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoToStatus(errno, "cannot look at " + path);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", path, ": something that is not a socket is there"));
  }
  if (HasListener(path)) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", path, ": another program listens there"));
  }
  return unlink(path.c_str()) == 0 ? absl::OkStatus()
                                   : ErrnoToStatus(errno, "cannot remove the old socket " + path);
}

}  // namespace kur::server
