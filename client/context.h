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

// The environment of a command; tests replace every part. Owns nothing that is referred to. Used by
// one thread, but for `interrupted`, which a signal handler sets.
struct Context {
  const Environment& environment;
  Terminal& out;  // results
  Terminal& err;  // notices, progress and errors
  Clock& clock;
  absl::TimeZone zone;
  // Whether the user has pressed Ctrl-C since `catch_interrupts` was called. Before that call
  // Ctrl-C ends the program as usual.
  const std::atomic<bool>& interrupted;
  std::function<void()> catch_interrupts;
  ConnectionFlags flags;

  absl::StatusOr<std::unique_ptr<Connection>> Connect() const {
    auto settings = ResolveSettings(flags, environment);
    if (!settings.ok()) return settings.status();
    return Connection::Open(*settings);
  }
};

}  // namespace kur::client

#endif  // KUR_CLIENT_CONTEXT_H_
