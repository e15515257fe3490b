#ifndef KUR_SERVER_PROTOCOL_SOCKET_COOKIE_H_
#define KUR_SERVER_PROTOCOL_SOCKET_COOKIE_H_

#include <string>

namespace kur::server {

// Returns the path of the file with the cookie of a UNIX socket: what a caller sends there as
// bearer token to prove that he is the account that runs kurd. Workers, which run as the same
// account, are kept from reading it.
inline std::string CookieFileOf(const std::string& socket) { return socket + ".cookie"; }

}  // namespace kur::server

#endif  // KUR_SERVER_PROTOCOL_SOCKET_COOKIE_H_
