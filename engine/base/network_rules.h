#ifndef KUR_ENGINE_BASE_NETWORK_RULES_H_
#define KUR_ENGINE_BASE_NETWORK_RULES_H_

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kur {

// Decides to which addresses a download may connect: to the public internet and to the networks
// that the operator allows. The author of a Kurfile may be someone who has no access to the network
// of this machine: its loopback interface, its neighbors, the metadata service of its cloud.
// Immutable, thread-safe.
class NetworkRules {
 public:
  // Allows public addresses only.
  NetworkRules() = default;

  // Allows public addresses and `networks`, each an address or ADDRESS/BITS ("10.1.0.0/16",
  // "fd00::/8"). INVALID_ARGUMENT names an entry that is neither.
  static absl::StatusOr<NetworkRules> Parse(const std::vector<std::string>& networks);

  // Returns OK if a connection to `address` is allowed, else PERMISSION_DENIED with the address.
  // Call it with the very address that is connected to: resolving a name twice can give two
  // addresses.
  absl::Status Check(const sockaddr& address) const;

 private:
  // An IPv6 address. An IPv4 address is in its mapped form, ::ffff:a.b.c.d.
  using Address = std::array<uint8_t, 16>;
  struct Network {
    Address address;
    int bits;
    bool Contains(const Address& other) const;
  };

  static absl::StatusOr<Network> ParseNetwork(const std::string& text);
  static const std::vector<Network>& ReservedNetworks();

  std::vector<Network> allowed_;
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_NETWORK_RULES_H_
