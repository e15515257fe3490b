#ifndef KUR_SERVER_PROTOCOL_PACKED_EVENTS_H_
#define KUR_SERVER_PROTOCOL_PACKED_EVENTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kur/v1/event.pb.h"

namespace kur {

// How many events one packed event may hold, and how many bytes these may have.
constexpr int64_t kMaxPackedEvents = 65536;
constexpr int64_t kMaxUnpackedBytes = int64_t{32} << 20;

// Returns whether PackEvents() merges events of this kind.
bool IsPackable(v1::Event::KindCase kind);

// Merges events of a run in order: epochs that follow each other and have the same kinds of events
// become one packed event where that is smaller. Leaves all others as they are. The times of the
// events must be whole microseconds; numbers are not kept. UnpackEvents() gives back every event
// exactly.
std::vector<v1::Event> PackEvents(std::vector<v1::Event> events);

// Returns INVALID_ARGUMENT if what the event has packed, if anything, does not hold together. What
// passes can be unpacked at a bounded cost.
absl::Status CheckPacked(const v1::Event& event);

// Returns how many events the event stands for: 1 if it is not packed. Needs CheckPacked().
int64_t CountEvents(const v1::Event& event);

// Returns the events that the event stands for, itself if it is not packed. INVALID_ARGUMENT as
// CheckPacked().
absl::StatusOr<std::vector<v1::Event>> UnpackEvents(const v1::Event& event);

// Returns the events of the last round of a packed event, without unpacking those before it; the
// event itself if it is not packed. Needs CheckPacked().
std::vector<v1::Event> UnpackLastRound(const v1::Event& event);

}  // namespace kur

#endif  // KUR_SERVER_PROTOCOL_PACKED_EVENTS_H_
