#ifndef KUR_TESTS_SERVER_TESTING_TEST_SOCKETS_H_
#define KUR_TESTS_SERVER_TESTING_TEST_SOCKETS_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>

#include "engine/base/unique_fd.h"
#include "server/net/listen_address.h"

namespace kur::server {

// The first bytes of a client of HTTP/2.
constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline sockaddr_in Ipv4(const std::string& host, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  EXPECT_EQ(inet_pton(AF_INET, host.c_str(), &address.sin_addr), 1);
  return address;
}

// A connection to a UNIX socket or an IPv4 address, in that case from `source`; invalid if it is
// refused.
inline UniqueFd Connect(const ListenAddress& to, const std::string& source = "127.0.0.1") {
  UniqueFd fd(socket(to.is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int result = 0;
  if (to.is_unix) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, to.path.c_str(), sizeof(address.sun_path) - 1);
    result = connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } else {
    const sockaddr_in from = Ipv4(source, 0);
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof(from)), 0);
    const sockaddr_in address = Ipv4(to.host, to.port);
    result = connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  if (result != 0) fd.reset();
  return fd;
}

inline void Send(const UniqueFd& fd, const std::string& text) {
  EXPECT_EQ(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

// Whether the other side ends the connection within `milliseconds`, whatever it sends before.
inline bool EndsWithin(const UniqueFd& fd, int milliseconds) {
  char buffer[4096];
  while (true) {
    pollfd readable = {fd.get(), POLLIN, 0};
    if (poll(&readable, 1, milliseconds) <= 0) return false;
    if (recv(fd.get(), buffer, sizeof(buffer), MSG_DONTWAIT) <= 0) return true;
  }
}

// Longer than anything takes; only failures wait for so long.
constexpr int kPatienceMs = 30'000;

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_TEST_SOCKETS_H_
