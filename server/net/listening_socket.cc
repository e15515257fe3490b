#include "server/net/listening_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

constexpr int kSocketFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

absl::Status ListenError(const ListenAddress& address) {
  return ErrnoToStatus(errno, absl::StrCat("cannot listen on ", address.ToString()));
}

absl::StatusOr<UniqueFd> ListenUnix(const ListenAddress& address) {
  KUR_RETURN_IF_ERROR(RemoveStaleSocket(address.path));
  UniqueFd fd(socket(AF_UNIX, kSocketFlags, 0));
  sockaddr_un local = {};
  local.sun_family = AF_UNIX;
  std::strncpy(local.sun_path, address.path.c_str(), sizeof(local.sun_path) - 1);
  // Nobody can connect before listen().
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof(local)) != 0 ||
      chmod(address.path.c_str(), S_IRUSR | S_IWUSR) != 0 || listen(fd.get(), SOMAXCONN) != 0) {
    return ListenError(address);
  }
  return fd;
}

void Enable(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof(value));
}

// Returns an invalid descriptor if the address belongs to no interface of this machine, and the
// reason in errno.
absl::StatusOr<UniqueFd> ListenTcp(const addrinfo& info, ListenAddress& address) {
  sockaddr_storage local = {};
  std::memcpy(&local, info.ai_addr, info.ai_addrlen);
  // The port is at the same place in both families.
  in_port_t& port = reinterpret_cast<sockaddr_in*>(&local)->sin_port;
  port = htons(static_cast<uint16_t>(address.port));
  auto* const raw = reinterpret_cast<sockaddr*>(&local);
  UniqueFd fd(socket(info.ai_family, kSocketFlags, 0));
  Enable(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (info.ai_family == AF_INET6) Enable(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // Accepted connections inherit it.
  Enable(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (!fd.valid() || bind(fd.get(), raw, info.ai_addrlen) != 0) {
    if (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT) return UniqueFd();
    return ListenError(address);
  }
  socklen_t size = sizeof(local);
  if (listen(fd.get(), SOMAXCONN) != 0 || getsockname(fd.get(), raw, &size) != 0) {
    return ListenError(address);
  }
  address.port = ntohs(port);
  return fd;
}

}  // namespace

absl::StatusOr<std::vector<UniqueFd>> Listen(ListenAddress& address) {
  std::vector<UniqueFd> sockets;
  if (address.is_unix) {
    KUR_ASSIGN_OR_RETURN(UniqueFd fd, ListenUnix(address));
    sockets.push_back(std::move(fd));
    return sockets;
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(address.host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, freeaddrinfo);
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address.ToString(), ": ", gai_strerror(error)));
  }
  for (const addrinfo* info = all.get(); info != nullptr; info = info->ai_next) {
    KUR_ASSIGN_OR_RETURN(UniqueFd fd, ListenTcp(*info, address));
    if (fd.valid()) sockets.push_back(std::move(fd));
  }
  // "localhost" is two addresses also where there is no IPv6.
  if (sockets.empty()) return ListenError(address);
  return sockets;
}

}  // namespace kur::server
