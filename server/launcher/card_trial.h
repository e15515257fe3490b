#ifndef KUR_SERVER_LAUNCHER_CARD_TRIAL_H_
#define KUR_SERVER_LAUNCHER_CARD_TRIAL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/devices/device_inventory.h"
#include "server/launcher/launcher.h"

namespace kur::server {

// Returns what stands in the way on each of `count` cards, given what `kurd-worker --capabilities`
// has printed for them. FAILED_PRECONDITION if the worker can use no card at all; UNAVAILABLE if it
// sees fewer, or has printed something else.
absl::StatusOr<std::vector<absl::Status>> ReadCapabilities(absl::string_view output, size_t count);

// Returns a trial that asks the program `worker_binary`, an absolute path, confined as workers are:
// about all cards in one process and, if that goes wrong, about each card in one of its own. All of
// that takes at most `patience`; a card that has not answered by then cannot be used. Of a card
// that is split (MIG) the first instance speaks for all: CUDA shows a process only one.
CardTrial MakeCardTrial(const std::string& worker_binary, Confinement confinement,
                        absl::Duration patience = absl::Seconds(20));

}  // namespace kur::server

#endif  // KUR_SERVER_LAUNCHER_CARD_TRIAL_H_
