#include "server/daemon/watchdog.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>

#include <string>
#include <utility>

#include "server/daemon/service_manager.h"

namespace kur::server {

Watchdog::Watchdog(std::function<absl::Status()> check, absl::Duration interval)
    : check_(std::move(check)),
      interval_(interval),
      stop_(eventfd(0, EFD_CLOEXEC)),
      thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

void Watchdog::Run() {
  absl::Status last;
  while (true) {
    absl::Status now = check_();
    if (now.ok()) now = NotifyServiceManager("WATCHDOG=1");
    if (now != last) {
      if (now.ok()) spdlog::info("kurd serves again");
      if (!now.ok()) spdlog::error("kurd does not serve: {}", std::string(now.message()));
    }
    last = std::move(now);
    // By the monotonic clock, as the service manager counts.
    pollfd stop = {stop_.get(), POLLIN, 0};
    if (poll(&stop, 1, static_cast<int>(absl::ToInt64Milliseconds(interval_))) > 0) return;
  }
}

}  // namespace kur::server
