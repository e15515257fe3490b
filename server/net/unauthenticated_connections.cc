#include "server/net/unauthenticated_connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kur::server {
namespace {

constexpr size_t kSourceBytes = 8;

in6_addr AddressOf(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
}

// Returns the IPv4 address of a connection over IPv4, also where an IPv6 socket has accepted it.
bool IsIpv4(const sockaddr_storage& address, in_addr* v4) {
  if (address.ss_family == AF_INET) {
    *v4 = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    return true;
  }
  const in6_addr v6 = AddressOf(address);
  if (address.ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6)) return false;
  std::memcpy(v4, v6.s6_addr + sizeof(v6) - sizeof(*v4), sizeof(*v4));
  return true;
}

std::string TextOf(int family, const void* address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family, address, text, sizeof(text));
  return text;
}

}  // namespace

void UnauthenticatedConnections::Add(uint64_t id, Connection connection) {
  by_source_[connection.source].insert(id);
  by_peer_[connection.peer] = id;
  all_.emplace(id, std::move(connection));
}

UnauthenticatedConnections::Connection UnauthenticatedConnections::Remove(uint64_t id) {
  Connection removed = std::move(all_.extract(id).mapped());
  const auto source = by_source_.find(removed.source);
  source->second.erase(id);
  if (source->second.empty()) by_source_.erase(source);
  // Another one may have the peer's name by now.
  const auto peer = by_peer_.find(removed.peer);
  if (peer != by_peer_.end() && peer->second == id) by_peer_.erase(peer);
  return removed;
}

UnauthenticatedConnections::Connection* UnauthenticatedConnections::Find(uint64_t id) {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

uint64_t UnauthenticatedConnections::FindPeer(const std::string& peer) const {
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? 0 : found->second;
}

uint64_t UnauthenticatedConnections::OldestOf(const std::string& source) const {
  const auto found = by_source_.find(source);
  return found == by_source_.end() ? 0 : *found->second.begin();
}

absl::Duration UnauthenticatedConnections::FirstDeadline() const {
  return all_.empty() ? absl::InfiniteDuration() : all_.begin()->second.deadline;
}

size_t UnauthenticatedConnections::CountOf(const std::string& source) const {
  const auto found = by_source_.find(source);
  return found == by_source_.end() ? 0 : found->second.size();
}

std::string SourceOf(const sockaddr_storage& address) {
  in_addr v4;
  if (IsIpv4(address, &v4)) return TextOf(AF_INET, &v4);
  if (address.ss_family != AF_INET6) return "";
  in6_addr v6 = AddressOf(address);
  std::memset(v6.s6_addr + kSourceBytes, 0, sizeof(v6) - kSourceBytes);
  return absl::StrCat(TextOf(AF_INET6, &v6), "/64");
}

std::string PeerOf(const sockaddr_storage& address) {
  // The port is at the same place in both families.
  const int port = ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  in_addr v4;
  if (IsIpv4(address, &v4)) return absl::StrCat("ipv4:", TextOf(AF_INET, &v4), ":", port);
  if (address.ss_family != AF_INET6) return "unix:";
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  const std::string scope = v6.sin6_scope_id == 0 ? "" : absl::StrCat("%25", v6.sin6_scope_id);
  return absl::StrCat("ipv6:%5B", TextOf(AF_INET6, &v6.sin6_addr), scope, "%5D:", port);
}

}  // namespace kur::server
