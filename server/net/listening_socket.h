#ifndef KUR_SERVER_NET_LISTENING_SOCKET_H_
#define KUR_SERVER_NET_LISTENING_SOCKET_H_

#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/unique_fd.h"
#include "server/net/listen_address.h"

namespace kur::server {

// Opens the sockets that listen on `address`: one for each IP address that its host stands for.
// "[::]" takes connections of IPv4, too. Stores the port that the kernel has chosen in `address`.
// A UNIX socket has mode 0600 and replaces one that a crash has left. The sockets do not block.
// Returns the reason, naming the address, if it cannot be had.
absl::StatusOr<std::vector<UniqueFd>> Listen(ListenAddress& address);

}  // namespace kur::server

#endif  // KUR_SERVER_NET_LISTENING_SOCKET_H_
