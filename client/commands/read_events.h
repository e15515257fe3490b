#ifndef KUR_CLIENT_COMMANDS_READ_EVENTS_H_
#define KUR_CLIENT_COMMANDS_READ_EVENTS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "client/connection.h"
#include "client/context.h"

namespace kur::client {

// The events to read.
struct EventRange {
  std::string job;      // the full name
  int64_t from = 1;     // the number of the first event
  bool follow = false;  // wait for further events until the job has ended
};

// Calls `on_event` with each event, once and in order. Reports a lost connection on context.err.
absl::Status ReadEvents(Context& context, Connection& connection, const EventRange& range,
                        const std::function<void(const v1::Event&)>& on_event);

}  // namespace kur::client

#endif  // KUR_CLIENT_COMMANDS_READ_EVENTS_H_
