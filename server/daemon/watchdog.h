#ifndef KUR_SERVER_DAEMON_WATCHDOG_H_
#define KUR_SERVER_DAEMON_WATCHDOG_H_

#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/base/unique_fd.h"

namespace kur::server {

// Checks again and again whether kurd serves, and keeps the service manager content as long as it
// does: when the checks fail, systemd starts kurd again. Thread-safe.
class Watchdog {
 public:
  // Runs `check` now and then every `interval`, on a thread of its own.
  Watchdog(std::function<absl::Status()> check, absl::Duration interval);
  // Waits for a check that is running.
  ~Watchdog();

 private:
  void Run();

  const std::function<absl::Status()> check_;
  const absl::Duration interval_;
  // An eventfd.
  const UniqueFd stop_;
  std::thread thread_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_DAEMON_WATCHDOG_H_
