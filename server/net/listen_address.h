#ifndef KUR_SERVER_NET_LISTEN_ADDRESS_H_
#define KUR_SERVER_NET_LISTEN_ADDRESS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur::server {

// Where a server listens.
struct ListenAddress {
  bool is_unix = false;
  std::string path;  // UNIX: absolute
  std::string host;  // TCP: without brackets
  int port = 0;      // TCP: 0 lets the kernel choose

  // Only programs of this machine can reach it.
  bool IsLocal() const;
  // As gRPC takes it, and as people read it: "unix:/run/kurd.sock", "[::1]:8400".
  std::string ToString() const;
};

// "unix:PATH" or "HOST:PORT" ("[HOST]:PORT" for IPv6). INVALID_ARGUMENT with what was expected,
// also for a path that the kernel cannot take.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

// Makes room for a UNIX socket: removes one that nobody listens on. FAILED_PRECONDITION if someone
// does, or if something else stands there.
absl::Status RemoveStaleSocket(const std::string& path);

}  // namespace kur::server

#endif  // KUR_SERVER_NET_LISTEN_ADDRESS_H_
