#ifndef KUR_CLIENT_CONTEXT_H_
#define KUR_CLIENT_CONTEXT_H_

#include <atomic>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/clock.h"
#include "client/config.h"
#include "client/connection.h"
#include "client/environment.h"
#include "client/output/terminal.h"

namespace kur::client {

// What a command works with; tests put their own in. Nothing is owned, everything outlives the
// command.
struct Context {
  const Environment& environment;
  Terminal& out;  // what was asked for
  Terminal& err;  // news, progress, errors
  Clock& clock;
  absl::TimeZone zone;
  // Becomes true when the user presses Ctrl-C after `catch_interrupts` was called; before that
  // Ctrl-C ends the program as usual.
  const std::atomic<bool>& interrupted;
  std::function<void()> catch_interrupts;
  // Filled from the command line.
  ConnectionFlags flags;

  absl::StatusOr<std::unique_ptr<Connection>> Connect() const {
    auto settings = ResolveSettings(flags, environment);
    if (!settings.ok()) return settings.status();
    return Connection::Open(*settings);
  }
};

}  // namespace kur::client

#endif  // KUR_CLIENT_CONTEXT_H_
