#include "server/net/connection_acceptor.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/time/clock.h"
#include "engine/base/clock.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

// The preface of HTTP/2. The first message of TLS is longer.
constexpr size_t kFirstBytes = 24;
// Accepted in a row before other events have their turn.
constexpr int kAcceptedInARow = 64;
constexpr size_t kMaxEvents = 128;
// How long to wait when not even the spare descriptor helps.
constexpr absl::Duration kPause = absl::Milliseconds(10);
// More would cost memory: gRPC may have begun a TLS handshake with each.
constexpr size_t kMaxUnauthenticated = 1024;
// What an event belongs to: the stopping, the listener of that number, or, above, a connection.
// Between two looks at what else is due.
constexpr int kMostMilliseconds = 10'000;
constexpr uint64_t kStopId = 0;
constexpr uint64_t kFirstListenerId = 1;

constexpr char kNoDescriptor[] = "no descriptor is left for connections";
constexpr char kTooMany[] = "too many have not authenticated";
constexpr char kTooSlow[] = "not authenticated in time";

UniqueFd OpenSpare() { return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

absl::Status Watch(int epoll, int fd, uint32_t events, uint64_t id) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = id;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  return ErrnoToStatus(errno, "cannot watch a socket");
}

ConnectionLimits LimitsBelow(size_t max_descriptor, size_t descriptors) {
  ConnectionLimits limits;
  limits.max_descriptor = static_cast<int>(max_descriptor);
  limits.max_unauthenticated = std::min(descriptors / 8, kMaxUnauthenticated);
  limits.max_unauthenticated_of_source = limits.max_unauthenticated / 2;
  return limits;
}

}  // namespace

size_t DescriptorLimit() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

ConnectionLimits ClientLimits(size_t descriptors) {
  return LimitsBelow(descriptors / 2, descriptors);
}

ConnectionLimits WorkerLimits(size_t descriptors) {
  return LimitsBelow(descriptors * 7 / 8, descriptors);
}

ConnectionAcceptor::ConnectionAcceptor(const ConnectionLimits& limits, TurnedAway turned_away)
    : limits_(limits),
      turned_away_(std::move(turned_away)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC)),
      spare_(OpenSpare()) {}

ConnectionAcceptor::~ConnectionAcceptor() { Stop(); }

absl::Status ConnectionAcceptor::Start(std::vector<Listener> listeners) {
  listeners_ = std::move(listeners);
  KUR_RETURN_IF_ERROR(Watch(epoll_.get(), stop_.get(), EPOLLIN, kStopId));
  for (const Listener& listener : listeners_) {
    const uint64_t id = kFirstListenerId + static_cast<uint64_t>(&listener - listeners_.data());
    KUR_RETURN_IF_ERROR(Watch(epoll_.get(), listener.socket.get(), EPOLLIN, id));
    last_id_ = id;
  }
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void ConnectionAcceptor::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_.get(), 1);
  thread_.join();
  listeners_.clear();
  absl::MutexLock lock(&mutex_);
  while (connections_.size() > 0) Forget(connections_.Oldest());
}

void ConnectionAcceptor::Run() {
  std::array<epoll_event, kMaxEvents> events;
  while (true) {
    const int count = epoll_wait(epoll_.get(), events.data(), kMaxEvents, MillisecondsToWait());
    for (int i = 0; i < count; ++i) {
      const uint64_t id = events[i].data.u64;
      if (id == kStopId) return;
      if (id < kFirstListenerId + listeners_.size()) {
        AcceptAll(id - kFirstListenerId);
      } else {
        OnEvent(id, events[i].events);
      }
    }
    EndOverdue();
    ReportTurnedAway();
  }
}

void ConnectionAcceptor::AcceptAll(size_t listener) {
  for (int i = 0; i < kAcceptedInARow; ++i) {
    sockaddr_storage address = {};
    socklen_t size = sizeof(address);
    UniqueFd fd(accept4(listeners_[listener].socket.get(), reinterpret_cast<sockaddr*>(&address),
                        &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      if (RecoverFromFailedAccept(errno, listener)) continue;
      return;
    }
    if (fd.get() >= limits_.max_descriptor) {
      turned_away_reasons_.emplace_back(kNoDescriptor);
      continue;
    }
    Admit(std::move(fd), address, listener);
  }
}

bool ConnectionAcceptor::RecoverFromFailedAccept(int error, size_t listener) {
  // The connection has ended already.
  if (error == EINTR || error == ECONNABORTED) return true;
  if (error == EAGAIN) return false;
  spare_.reset();
  UniqueFd surplus(accept4(listeners_[listener].socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (surplus.valid()) {
    turned_away_reasons_.emplace_back(kNoDescriptor);
  } else {
    absl::SleepFor(kPause);
  }
  surplus.reset();
  spare_ = OpenSpare();
  return false;
}

void ConnectionAcceptor::Admit(UniqueFd fd, const sockaddr_storage& address, size_t listener) {
  Connection connection;
  const int number = fd.get();
  connection.fd = std::move(fd);
  connection.listener = listener;
  connection.source = SourceOf(address);
  connection.peer = PeerOf(address);
  connection.deadline = Uptime() + limits_.authentication_timeout;
  absl::MutexLock lock(&mutex_);
  uint64_t one_too_many = 0;
  if (connections_.CountOf(connection.source) >= limits_.max_unauthenticated_of_source) {
    one_too_many = connections_.OldestOf(connection.source);
  } else if (connections_.size() >= limits_.max_unauthenticated) {
    one_too_many = connections_.Oldest();
  }
  if (one_too_many != 0) {
    End(one_too_many);
    turned_away_reasons_.emplace_back(kTooMany);
  }
  connections_.Add(++last_id_, std::move(connection));
  // Without being watched it would be ended as too slow.
  Watch(epoll_.get(), number, EPOLLIN | EPOLLRDHUP | EPOLLET, last_id_).IgnoreError();
}

void ConnectionAcceptor::OnEvent(uint64_t id, uint32_t events) {
  size_t listener = 0;
  UniqueFd fd = TakeIfReady(id, events, &listener);
  if (fd.valid()) listeners_[listener].hand_over(std::move(fd));
}

UniqueFd ConnectionAcceptor::TakeIfReady(uint64_t id, uint32_t events, size_t* listener) {
  absl::MutexLock lock(&mutex_);
  Connection* const connection = connections_.Find(id);
  if (connection != nullptr && (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0) {
    Forget(id);
    return UniqueFd();
  }
  if (connection == nullptr || connection->handed_over) return UniqueFd();
  std::array<char, kFirstBytes> bytes;
  const ssize_t got = recv(connection->fd.get(), bytes.data(), bytes.size(), MSG_PEEK);
  if (got < static_cast<ssize_t>(kFirstBytes)) return UniqueFd();
  *listener = connection->listener;
  if (listeners_[*listener].is_trusted) return Forget(id).fd;
  UniqueFd copy(fcntl(connection->fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) {
    Forget(id);
    turned_away_reasons_.emplace_back(kNoDescriptor);
    return UniqueFd();
  }
  epoll_event only_its_end = {};
  only_its_end.data.u64 = id;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection->fd.get(), &only_its_end);
  connection->handed_over = true;
  return copy;
}

void ConnectionAcceptor::EndOverdue() {
  absl::MutexLock lock(&mutex_);
  while (connections_.FirstDeadline() <= Uptime()) {
    End(connections_.Oldest());
    turned_away_reasons_.emplace_back(kTooSlow);
  }
}

void ConnectionAcceptor::ReportTurnedAway() {
  for (const absl::string_view reason : turned_away_reasons_) turned_away_(reason);
  turned_away_reasons_.clear();
  turned_away_("");
}

void ConnectionAcceptor::OnAuthenticated(const std::string& peer) {
  absl::MutexLock lock(&mutex_);
  const uint64_t id = connections_.FindPeer(peer);
  if (id != 0 && connections_.Find(id)->handed_over) Forget(id);
}

void ConnectionAcceptor::End(uint64_t id) {
  const Connection connection = Forget(id);
  // Closing the duplicate would not end it.
  shutdown(connection.fd.get(), SHUT_RDWR);
}

ConnectionAcceptor::Connection ConnectionAcceptor::Forget(uint64_t id) {
  Connection connection = connections_.Remove(id);
  // Closing would not do that while gRPC has the same socket open.
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.fd.get(), nullptr);
  return connection;
}

int ConnectionAcceptor::MillisecondsToWait() const {
  absl::MutexLock lock(&mutex_);
  if (connections_.size() == 0) return kMostMilliseconds;
  const absl::Duration left = connections_.FirstDeadline() - Uptime();
  // Rounded up, so that it has passed then.
  const int64_t milliseconds = std::max<int64_t>(absl::ToInt64Milliseconds(left), 0) + 1;
  return static_cast<int>(std::min<int64_t>(milliseconds, kMostMilliseconds));
}

}  // namespace kur::server
