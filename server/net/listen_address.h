#ifndef KUR_SERVER_NET_LISTEN_ADDRESS_H_
#define KUR_SERVER_NET_LISTEN_ADDRESS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur::server {

// An address to listen on.
struct ListenAddress {
  bool is_unix = false;
  std::string path;  // UNIX: absolute
  std::string host;  // TCP: a name or an IP address, without brackets
  int port = 0;      // TCP; 0 lets the kernel choose

  // Returns whether only programs on this machine can connect.
  bool IsLocal() const;
  // Returns the address as gRPC and ParseListenAddress() read it: "unix:/run/kurd.sock",
  // "[::1]:8400".
  std::string ToString() const;
};

// Parses "unix:PATH" or "HOST:PORT" ("[HOST]:PORT" for IPv6). Makes PATH absolute. Returns
// INVALID_ARGUMENT with the expected form for anything else, and for a path that is too long for
// the kernel.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

// Removes the UNIX socket at `path` if no program listens on it, as after a crash. Returns OK if
// there is no file, FAILED_PRECONDITION if a program listens or the file is not a socket.
absl::Status RemoveStaleSocket(const std::string& path);

}  // namespace kur::server

#endif  // KUR_SERVER_NET_LISTEN_ADDRESS_H_
