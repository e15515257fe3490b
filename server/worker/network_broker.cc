#include "server/worker/network_broker.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/file_system.h"
#include "engine/base/passed_fd.h"
#include "engine/base/status.h"
#include "server/confinement/confinement.h"
#include "server/worker/broker.pb.h"
#include "server/worker/secret_keeper.h"
#include "spdlog/spdlog.h"

namespace kur::worker {
namespace {

constexpr char kServerConnection = 's';
constexpr char kHttpStream = 'h';
constexpr char kReady = 'r';
constexpr char kName[] = "kurd-network";
constexpr uint32_t kMaxMessageBytes = 16 << 20;
// A run makes one request at a time; nothing else bounds how many processes a worker gets.
constexpr int kMaxRequests = 8;
constexpr absl::Duration kBetweenProgress = absl::Milliseconds(100);

bool WriteAll(int fd, const void* data, size_t size) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

bool ReadAll(int fd, void* data, size_t size) {
  char* bytes = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got = recv(fd, bytes, size, MSG_WAITALL);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

template <class Message>
bool WriteMessage(int fd, const Message& message) {
  const std::string bytes = message.SerializeAsString();
  const auto size = static_cast<uint32_t>(bytes.size());
  return bytes.size() <= kMaxMessageBytes && WriteAll(fd, &size, sizeof(size)) &&
         WriteAll(fd, bytes.data(), bytes.size());
}

template <class Message>
bool ReadMessage(int fd, Message* message) {
  uint32_t size = 0;
  if (!ReadAll(fd, &size, sizeof(size)) || size > kMaxMessageBytes) return false;
  std::string bytes(size, '\0');
  return ReadAll(fd, bytes.data(), size) && message->ParseFromString(bytes);
}

// ---- In the broker, which has one thread.

// Makes the one request that comes over `stream`.
void ServeRequest(const UniqueFd& stream, const NetworkRules& rules, const SecretKeeper& secrets) {
  HttpCall call;
  if (!ReadMessage(stream.get(), &call)) return;
  HttpRequest request;
  request.url = call.url();
  request.offset = call.offset();
  if (call.has_json()) request.json = call.json();
  request.login = {call.user(), call.password(), call.token()};
  const auto reply = [&stream](const HttpReply& message) {
    return WriteMessage(stream.get(), message) ? absl::OkStatus()
                                               : absl::CancelledError("nobody waits for it");
  };
  HttpListener listener;
  listener.on_data = [&reply](absl::string_view data) {
    HttpReply message;
    message.set_data(data.data(), data.size());
    return reply(message);
  };
  absl::Duration next = -absl::InfiniteDuration();
  listener.on_progress = [&](int64_t received, int64_t total) {
    if (Uptime() < next) return absl::OkStatus();
    next = Uptime() + kBetweenProgress;
    HttpReply message;
    message.mutable_progress()->set_received(received);
    message.mutable_progress()->set_total(total);
    return reply(message);
  };
  absl::Status status = secrets.Resolve(&request);
  if (status.ok()) status = MakeHttpClient(rules)->Perform(request, listener);
  HttpReply end;
  end.mutable_end()->set_code(static_cast<int32_t>(status.code()));
  end.mutable_end()->set_message(secrets.Redact(status.message()));
  reply(end).IgnoreError();
}

// Returns the worker's end of a stream whose other end is served by a copy of this process.
// `running` counts these copies.
absl::StatusOr<UniqueFd> StartRequest(const NetworkRules& rules, const SecretKeeper& secrets,
                                      int* running) {
  while (*running > 0 && waitpid(-1, nullptr, WNOHANG) > 0) --*running;
  if (*running >= kMaxRequests) return absl::UnavailableError("too many requests at a time");
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoToStatus(errno, "opening a stream");
  }
  UniqueFd worker(ends[0]);
  const UniqueFd mine(ends[1]);
  const pid_t child = fork();
  if (child < 0) return ErrnoToStatus(errno, "starting a process for a request");
  if (child > 0) {
    ++*running;
    return worker;
  }
  worker.reset();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ServeRequest(mine, rules, secrets);
  _exit(0);
}

// Overwrites the command line, of `size` bytes, by which kurd would take this process for the
// worker.
void Rename(size_t size) {
  if (size < sizeof(kName)) return;
  std::memset(program_invocation_name, 0, size);
  std::memcpy(program_invocation_name, kName, sizeof(kName));
  prctl(PR_SET_NAME, kName);
}

[[noreturn]] void RunBroker(const UniqueFd& control, const NetworkBroker::Options& options,
                            size_t command_line_size) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Rename(command_line_size);
  // Nobody reads the secrets in its memory, nor in a core.
  prctl(PR_SET_DUMPABLE, 0);
  // Only here, so that the worker's memory has none of what is made of them.
  const SecretKeeper secrets(options.secrets == nullptr ? v1::WorkerSecrets() : *options.secrets);
  // These are for the worker, which needs the broker to the end.
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, SIG_IGN);
  if (options.is_confined) {
    const absl::Status confined = server::ConfineBroker();
    if (!confined.ok()) {
      spdlog::error("{}", std::string(confined.message()));
      _exit(1);
    }
  }
  if (!WriteAll(control.get(), &kReady, sizeof(kReady))) _exit(1);
  char kind = 0;
  int running = 0;
  while (recv(control.get(), &kind, sizeof(kind), 0) == sizeof(kind)) {
    const bool answered = SendFd(
        control.get(), kind == kServerConnection ? ConnectToUnixSocket(options.server)
                                                 : StartRequest(options.rules, secrets, &running));
    if (!answered) break;
  }
  _exit(0);
}

}  // namespace

// ---- In the worker.

absl::StatusOr<std::shared_ptr<NetworkBroker>> NetworkBroker::Start(const Options& options) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoToStatus(errno, "opening a socket to the network broker");
  }
  UniqueFd mine(ends[0]);
  UniqueFd brokers(ends[1]);
  KUR_ASSIGN_OR_RETURN(const std::string command_line,
                       FileSystem::Posix().Read("/proc/self/cmdline"));
  const pid_t child = fork();
  if (child < 0) return ErrnoToStatus(errno, "starting the network broker");
  if (child == 0) {
    mine.reset();
    RunBroker(brokers, options, command_line.size());
  }
  brokers.reset();
  char ready = 0;
  if (!ReadAll(mine.get(), &ready, sizeof(ready))) {
    return absl::FailedPreconditionError("the network broker has not started; worker.log says why");
  }
  return std::shared_ptr<NetworkBroker>(new NetworkBroker(std::move(mine)));
}

absl::StatusOr<UniqueFd> NetworkBroker::Ask(char kind) {
  const absl::MutexLock lock(&mutex_);
  if (!WriteAll(control_.get(), &kind, sizeof(kind))) {
    return absl::UnavailableError("the network broker has ended");
  }
  return ReceiveFd(control_.get());
}

absl::StatusOr<UniqueFd> NetworkBroker::ConnectToServer() { return Ask(kServerConnection); }

absl::Status NetworkBroker::Perform(const HttpRequest& request, const HttpListener& listener) {
  KUR_ASSIGN_OR_RETURN(const UniqueFd stream, Ask(kHttpStream));
  HttpCall call;
  call.set_url(request.url);
  call.set_offset(request.offset);
  if (request.json.has_value()) call.set_json(*request.json);
  call.set_user(request.login.user);
  call.set_password(request.login.password);
  call.set_token(request.login.token);
  if (!WriteMessage(stream.get(), call)) return absl::UnavailableError("the request is too long");
  HttpReply reply;
  while (ReadMessage(stream.get(), &reply)) {
    if (reply.has_end()) {
      return {static_cast<absl::StatusCode>(reply.end().code()), reply.end().message()};
    }
    if (reply.has_progress() && listener.on_progress) {
      KUR_RETURN_IF_ERROR(
          listener.on_progress(reply.progress().received(), reply.progress().total()));
    } else if (!reply.data().empty()) {
      KUR_RETURN_IF_ERROR(listener.on_data(reply.data()));
    }
  }
  return absl::UnavailableError("the process that made the request has ended");
}

}  // namespace kur::worker
