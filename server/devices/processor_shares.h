#ifndef KUR_SERVER_DEVICES_PROCESSOR_SHARES_H_
#define KUR_SERVER_DEVICES_PROCESSOR_SHARES_H_

#include <vector>

#include "absl/status/statusor.h"

namespace kur::server {

// The processors of each card and of each CPU slot, ascending.
struct ProcessorShares {
  std::vector<std::vector<int>> cards;
  std::vector<std::vector<int>> slots;
};

// Divides the processors of a machine evenly among its cards, `near` of which each lists the
// processors that are near one, and `slots` CPU slots. A card gets processors near it while there
// are any; where there are more cards than processors, cards share. No two slots share, nor a slot
// and a card. `processors` are in the order of the machine's topology. FAILED_PRECONDITION if there
// are too few for the slots. A pure function.
absl::StatusOr<ProcessorShares> ShareProcessors(const std::vector<int>& processors,
                                                const std::vector<std::vector<int>>& near,
                                                int slots);

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_PROCESSOR_SHARES_H_
