#include "server/daemon/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "absl/strings/numbers.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace kur::server {

absl::Status NotifyServiceManager(absl::string_view state) {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr) return absl::OkStatus();
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const size_t length = strnlen(name, sizeof(address.sun_path));
  std::memcpy(address.sun_path, name, length);
  // An abstract socket.
  if (name[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), size) < 0) {
    return ErrnoToStatus(errno, "cannot notify the service manager");
  }
  return absl::OkStatus();
}

std::optional<absl::Duration> WatchdogTimeout() {
  const char* const text = std::getenv("WATCHDOG_USEC");
  const char* const process = std::getenv("WATCHDOG_PID");
  int64_t microseconds = 0;
  int64_t pid = getpid();
  if (text == nullptr || !absl::SimpleAtoi(text, &microseconds) || microseconds <= 0 ||
      (process != nullptr && (!absl::SimpleAtoi(process, &pid) || pid != getpid()))) {
    return std::nullopt;
  }
  return absl::Microseconds(microseconds);
}

}  // namespace kur::server
