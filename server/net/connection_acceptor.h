#ifndef KUR_SERVER_NET_CONNECTION_ACCEPTOR_H_
#define KUR_SERVER_NET_CONNECTION_ACCEPTOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/base/unique_fd.h"
#include "server/net/unauthenticated_connections.h"

namespace kur::server {

// What connections may take.
struct ConnectionLimits {
  // A connection whose descriptor would have this number or a higher one is closed at once. The
  // kernel always gives the lowest free number, so that the rest stays for other files.
  int max_descriptor = 0;
  // Connections that have not authenticated yet: in all, and from one address. One more ends the
  // oldest of them.
  size_t max_unauthenticated = 0;
  size_t max_unauthenticated_of_source = 0;
  // How long a connection may take to authenticate. Long enough for a large first request over a
  // slow line, because a request is seen when it is complete.
  absl::Duration authentication_timeout = absl::Minutes(1);
};

// Returns how many descriptors this process may have.
size_t DescriptorLimit();

// Returns limits under which clients' connections use at most half of the `descriptors` that a
// process may have.
ConnectionLimits ClientLimits(size_t descriptors = DescriptorLimit());

// Returns limits for workers' connections, which find descriptors also when clients have used up
// theirs.
ConnectionLimits WorkerLimits(size_t descriptors = DescriptorLimit());

// Accepts connections on a thread of its own and hands them over when their first bytes are there.
// Counts and limits those that have not authenticated. Goes on whatever accept() answers: with no
// descriptor left, it closes what comes. Thread-safe.
class ConnectionAcceptor {
 public:
  struct Listener {
    // Listens, without blocking.
    UniqueFd socket;
    // Whether whoever can connect needs no authentication: a connection is forgotten when it is
    // handed over.
    bool is_trusted = false;
    // Takes over a connection. Called on the acceptor's thread.
    std::function<void(UniqueFd)> hand_over;
  };
  // Called on the acceptor's thread with the reason why a connection was ended; with "" every few
  // seconds.
  using TurnedAway = std::function<void(absl::string_view reason)>;

  ConnectionAcceptor(const ConnectionLimits& limits, TurnedAway turned_away);
  // As Stop().
  ~ConnectionAcceptor();

  // Begins to accept. Called at most once.
  absl::Status Start(std::vector<Listener> listeners);

  // Ends the limits for the connection of this peer (grpc::ServerContext::peer()).
  void OnAuthenticated(const std::string& peer);

  // Closes the listening sockets and what has not been handed over. Nothing is called afterwards.
  void Stop();

 private:
  using Connection = UnauthenticatedConnections::Connection;

  void Run();
  void AcceptAll(size_t listener);
  // Returns whether accepting can go on.
  bool RecoverFromFailedAccept(int error, size_t listener);
  void Admit(UniqueFd fd, const sockaddr_storage& address, size_t listener);
  void OnEvent(uint64_t id, uint32_t events);
  // Returns the descriptor to hand over, and its listener; an invalid one if there is none.
  UniqueFd TakeIfReady(uint64_t id, uint32_t events, size_t* listener);
  void EndOverdue();
  void ReportTurnedAway();
  void End(uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Connection Forget(uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int MillisecondsToWait() const;

  const ConnectionLimits limits_;
  const TurnedAway turned_away_;
  const UniqueFd epoll_;
  const UniqueFd stop_;
  // Given up for a moment to accept a connection when there is no other descriptor.
  UniqueFd spare_;
  std::vector<Listener> listeners_;
  // Only for the acceptor's thread, as the next one: reasons that turned_away_ has not heard yet.
  std::vector<absl::string_view> turned_away_reasons_;
  uint64_t last_id_ = 0;
  mutable absl::Mutex mutex_;
  UnauthenticatedConnections connections_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_NET_CONNECTION_ACCEPTOR_H_
