#ifndef KUR_SERVER_DAEMON_SERVICE_MANAGER_H_
#define KUR_SERVER_DAEMON_SERVICE_MANAGER_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace kur::server {

// What kurd says to the systemd that started it, in the protocol of sd_notify(3). Both functions
// are thread-safe as long as nothing changes the environment.

// Sends a state such as "READY=1". Does nothing where no service manager listens ($NOTIFY_SOCKET).
absl::Status NotifyServiceManager(absl::string_view state);

// Returns within which time the service manager wants to hear "WATCHDOG=1" again ($WATCHDOG_USEC);
// nothing if it does not.
std::optional<absl::Duration> WatchdogTimeout();

}  // namespace kur::server

#endif  // KUR_SERVER_DAEMON_SERVICE_MANAGER_H_
