#ifndef KUR_CLIENT_ADDRESS_H_
#define KUR_CLIENT_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur::client {

// The address at which kurctl reaches a kurd.
struct Address {
  enum class Kind { kUnix, kTcp };

  Kind kind = Kind::kUnix;
  std::string path;  // kUnix: the path of the socket
  std::string host;  // kTcp: a name or an IP address, without brackets
  int port = 0;      // kTcp

  // Returns the address as ParseAddress() reads it: "unix:/run/kurd.sock", "[::1]:7700".
  std::string ToString() const;

  // Returns whether traffic to the address stays on this machine: a UNIX socket or a loopback host.
  bool IsLocal() const;
};

// Parses "unix:PATH" or "HOST:PORT" (an IPv6 host in brackets). Returns INVALID_ARGUMENT with the
// expected form for anything else.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// Returns whether a connection to `address` uses TLS: always to another machine, over loopback TCP
// if `requested` (by --tls or by naming a certificate authority), never over a UNIX socket.
bool UsesTls(const Address& address, bool requested);

}  // namespace kur::client

#endif  // KUR_CLIENT_ADDRESS_H_
