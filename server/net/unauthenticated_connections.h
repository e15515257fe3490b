#ifndef KUR_SERVER_NET_UNAUTHENTICATED_CONNECTIONS_H_
#define KUR_SERVER_NET_UNAUTHENTICATED_CONNECTIONS_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "engine/base/unique_fd.h"

namespace kur::server {

// The accepted connections that have not authenticated yet, in the order in which they came. Not
// thread-safe.
class UnauthenticatedConnections {
 public:
  struct Connection {
    UniqueFd fd;
    // Which of the acceptor's listeners has it.
    size_t listener = 0;
    // What a limit for one address counts: see SourceOf().
    std::string source;
    // What gRPC calls the other end: see PeerOf().
    std::string peer;
    // When it is ended, by Uptime().
    absl::Duration deadline;
    // Whether `fd` is a duplicate of a descriptor that gRPC has.
    bool handed_over = false;
  };

  // `id` must be greater than every earlier one.
  void Add(uint64_t id, Connection connection);
  // Removes a connection and returns it. It must be there.
  Connection Remove(uint64_t id);

  // Return null or 0 if there is none.
  Connection* Find(uint64_t id);
  uint64_t FindPeer(const std::string& peer) const;
  uint64_t Oldest() const { return all_.empty() ? 0 : all_.begin()->first; }
  uint64_t OldestOf(const std::string& source) const;

  // Returns the deadline of the oldest one, or the end of all time.
  absl::Duration FirstDeadline() const;

  size_t size() const { return all_.size(); }
  size_t CountOf(const std::string& source) const;

 private:
  std::map<uint64_t, Connection> all_;
  absl::flat_hash_map<std::string, std::set<uint64_t>> by_source_;
  absl::flat_hash_map<std::string, uint64_t> by_peer_;
};

// Returns the part of an address that one person cannot change at will: an IPv4 address, the first
// 64 bits of an IPv6 address; "" for a UNIX socket.
std::string SourceOf(const sockaddr_storage& address);

// Returns the name that grpc::ServerContext::peer() has for an address: "ipv4:127.0.0.1:4711",
// "ipv6:%5B::1%5D:4711". Every UNIX socket is "unix:".
std::string PeerOf(const sockaddr_storage& address);

}  // namespace kur::server

#endif  // KUR_SERVER_NET_UNAUTHENTICATED_CONNECTIONS_H_
