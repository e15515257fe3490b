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

// To which addresses a download may connect: to those of the public internet, and to the networks
// that the operator allows. A Kurfile is written by someone who need not be let into the network
// that the machine stands in: its loopback interface, its neighbours, the metadata service of its
// cloud. Immutable, thread-safe.
class NetworkRules {
 public:
  // Public addresses only.
  NetworkRules() = default;

  // Besides, `networks`: each an address, or a network as ADDRESS/BITS ("10.1.0.0/16", "fd00::/8").
  // INVALID_ARGUMENT names what is neither.
  static absl::StatusOr<NetworkRules> Parse(const std::vector<std::string>& networks);

  // PERMISSION_DENIED, naming the address, unless it may be connected to. To be asked of the very
  // address that is connected to, not of an earlier answer for its name.
  absl::Status Check(const sockaddr& address) const;

 private:
  // An IPv6 address; one of IPv4 in its mapped form, ::ffff:a.b.c.d.
  using Address = std::array<uint8_t, 16>;
  struct Network {
    Address address;
    int bits;
    bool Contains(const Address& other) const;
  };

  static absl::StatusOr<Network> ParseNetwork(const std::string& text);
  static const std::vector<Network>& NotPublic();

  std::vector<Network> allowed_;
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_NETWORK_RULES_H_
