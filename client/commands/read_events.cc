#include "client/commands/read_events.h"

#include "absl/strings/str_cat.h"
#include "client/event_follower.h"

namespace kur::client {

absl::Status ReadEvents(Context& context, Connection& connection, const EventRange& range,
                        const std::function<void(const v1::Event&)>& on_event) {
  EventFollower::Options options;
  options.job = range.job;
  options.from = range.from;
  options.follow = range.follow;
  options.on_connection_change = [&](const std::string& text) {
    context.err.WriteLine(absl::StrCat("kurctl: ", text));
  };
  EventFollower follower(connection, context.clock, std::move(options));
  while (true) {
    v1::Event event;
    const auto step = follower.Next(&event, absl::Seconds(1));
    if (!step.ok()) return step.status();
    if (*step == EventFollower::Step::kEnd) return absl::OkStatus();
    if (*step == EventFollower::Step::kEvent) on_event(event);
  }
}

}  // namespace kur::client
