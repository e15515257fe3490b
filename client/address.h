#ifndef KUR_CLIENT_ADDRESS_H_
#define KUR_CLIENT_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur::client {

// Where a kurd listens.
struct Address {
  enum class Kind { kUnix, kTcp };

  Kind kind = Kind::kUnix;
  std::string path;  // kUnix: the socket
  std::string host;  // kTcp: a name or an IP address, without brackets
  int port = 0;      // kTcp

  // "unix:/run/kurd.sock", "gpubox:7700", "[::1]:7700".
  std::string ToString() const;

  // True for a UNIX socket and for a TCP address that never leaves the machine.
  bool IsLocal() const;
};

// Reads "unix:PATH" or "HOST:PORT" (an IPv6 host in brackets). INVALID_ARGUMENT with what was
// expected.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// True if the connection is to be encrypted: always beyond this machine; on it when `requested` (by
// a flag or by naming a certificate authority); never on a UNIX socket.
bool UsesTls(const Address& address, bool requested);

}  // namespace kur::client

#endif  // KUR_CLIENT_ADDRESS_H_
