#include "engine/base/network_rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr int kMappedBits = 96;  // of the prefix ::ffff:0:0/96

std::array<uint8_t, 16> MappedToV6(const in_addr& address) {
  std::array<uint8_t, 16> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::memcpy(&mapped[12], &address, sizeof(address));
  return mapped;
}

std::string AddressText(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
  } else if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  }
  return text;
}

}  // namespace

bool NetworkRules::Network::Contains(const Address& other) const {
  const auto whole = static_cast<size_t>(bits / 8);
  if (!std::equal(address.begin(), address.begin() + whole, other.begin())) return false;
  const int rest = bits % 8;
  return rest == 0 || (address[whole] ^ other[whole]) >> (8 - rest) == 0;
}

absl::StatusOr<NetworkRules::Network> NetworkRules::ParseNetwork(const std::string& text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
  Network network = {};
  in_addr v4;
  int first_bit = 0;
  if (inet_pton(AF_INET, parts.first.c_str(), &v4) == 1) {
    network.address = MappedToV6(v4);
    first_bit = kMappedBits;
  } else if (inet_pton(AF_INET6, parts.first.c_str(), network.address.data()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is no network; write an address, or ADDRESS/BITS"));
  }
  network.bits = 128;
  if (parts.first.size() == text.size()) return network;
  int bits = 0;
  if (!absl::SimpleAtoi(parts.second, &bits) || bits < 0 || bits > 128 - first_bit) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is no network: the bits must be 0", " to ", 128 - first_bit));
  }
  network.bits = first_bit + bits;
  return network;
}

absl::StatusOr<NetworkRules> NetworkRules::Parse(const std::vector<std::string>& networks) {
  NetworkRules rules;
  for (const std::string& text : networks) {
    KUR_ASSIGN_OR_RETURN(rules.allowed_.emplace_back(), ParseNetwork(text));
  }
  return rules;
}

// Returns the networks that the IANA registries of special-purpose addresses (RFC 6890) call not
// globally reachable, multicast, and networks that embed an IPv4 address.
const std::vector<NetworkRules::Network>& NetworkRules::ReservedNetworks() {
  static const auto* const kNetworks = [] {
    auto* networks = new std::vector<Network>;
    for (const char* text :
         {"0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
          "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
          "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
          "64:ff9b::/96",  "64:ff9b:1::/48",  "100::/64",       "2001::/23",      "2001:db8::/32",
          "2002::/16",     "3fff::/20",       "5f00::/16",      "fc00::/7",       "fe80::/10",
          "fec0::/10",     "ff00::/8"}) {
      networks->push_back(ParseNetwork(text).value());
    }
    return networks;
  }();
  return *kNetworks;
}

absl::Status NetworkRules::Check(const sockaddr& address) const {
  const auto is_in = [](const std::vector<Network>& networks, const Address& candidate) {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const Network& network) { return network.Contains(candidate); });
  };
  Address candidate = {};
  bool known = true;
  if (address.sa_family == AF_INET) {
    candidate = MappedToV6(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  } else if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    std::memcpy(candidate.data(), &v6, sizeof(v6));
  } else {
    known = false;
  }
  // ::, ::1, and IPv4 addresses in their deprecated "compatible" form.
  static const Network kLeadingZeros = ParseNetwork("::/96").value();
  const bool is_public =
      known && !is_in(ReservedNetworks(), candidate) && !kLeadingZeros.Contains(candidate);
  if (is_public || (known && is_in(allowed_, candidate))) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(AddressText(address),
                   " is no address of the public internet; the operator can allow "
                   "its network with kurd --download-network"));
}

}  // namespace kur
