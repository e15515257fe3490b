#include <cstddef>
#include <cstdint>

#include "server/protocol/packed_events.h"

// Seeds: events of the kind `packed`, serialized, as a worker sends them.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kur::v1::Event event;
  if (!event.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto events = kur::UnpackEvents(event);
  if (events.ok() != kur::CheckPacked(event).ok()) __builtin_trap();
  if (!events.ok()) return 0;
  if (static_cast<int64_t>(events->size()) != kur::CountEvents(event)) __builtin_trap();
  const auto last = kur::UnpackLastRound(event);
  if (last.empty() || last.back().ByteSizeLong() != events->back().ByteSizeLong()) __builtin_trap();
  return 0;
}
