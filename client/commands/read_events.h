#ifndef KUR_CLIENT_COMMANDS_READ_EVENTS_H_
#define KUR_CLIENT_COMMANDS_READ_EVENTS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "client/connection.h"
#include "client/context.h"

namespace kur::client {

// Which events.
struct EventRange {
  std::string job;
  int64_t from = 1;
  bool follow = false;  // stay until the job has ended
};

// Hands each event to `on_event`, once and in order; says on context.err when the connection is lost.
absl::Status ReadEvents(Context& context, Connection& connection, const EventRange& range,
                        const std::function<void(const v1::Event&)>& on_event);

}  // namespace kur::client

#endif  // KUR_CLIENT_COMMANDS_READ_EVENTS_H_
