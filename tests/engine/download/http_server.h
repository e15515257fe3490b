#ifndef KUR_TESTS_ENGINE_DOWNLOAD_HTTP_SERVER_H_
#define KUR_TESTS_ENGINE_DOWNLOAD_HTTP_SERVER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/unique_fd.h"

namespace kur::testing {

// An HTTP server on a free port of the loopback interface that answers one request a connection.
class HttpServer {
 public:
  // Returns the whole reply, including the status line, for the text of a request. Called on the
  // server's thread.
  using Handler = std::function<std::string(const std::string& request)>;

  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
    listen(listener_.get(), 16);
    socklen_t size = sizeof(address);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~HttpServer() {
    stopping_ = true;
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  std::string Url(const std::string& path) const {
    return absl::StrCat("http://127.0.0.1:", port_, path);
  }
  int port() const { return port_; }

  // Returns the requests so far.
  std::vector<std::string> requests() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

  // Returns a reply with `body` and further `headers`, each with its line end.
  static std::string Reply(const std::string& status, const std::string& body,
                           const std::string& headers = "") {
    return absl::StrCat("HTTP/1.1 ", status, "\r\nContent-Length: ", body.size(),
                        "\r\nConnection: close\r\n", headers, "\r\n", body);
  }

 private:
  void Serve() {
    while (!stopping_) {
      const UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection.valid()) continue;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = recv(connection.get(), buffer, sizeof(buffer), 0);
        if (got <= 0) break;
        request.append(buffer, static_cast<size_t>(got));
      }
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        requests_.push_back(request);
      }
      const std::string reply = handler_(request);
      for (size_t sent = 0; sent < reply.size();) {
        const ssize_t more =
            send(connection.get(), reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
        if (more <= 0) break;
        sent += static_cast<size_t>(more);
      }
    }
  }

  Handler handler_;
  UniqueFd listener_;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace kur::testing

#endif  // KUR_TESTS_ENGINE_DOWNLOAD_HTTP_SERVER_H_
