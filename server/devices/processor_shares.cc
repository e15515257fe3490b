#include "server/devices/processor_shares.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "server/devices/cpu_slots.h"

namespace kur::server {
namespace {

// Moves processors that `wanted` accepts from `free`, of which `keep` stay, to `share` until that
// has `count`.
template <class Wanted>
void Take(size_t count, size_t keep, const Wanted& wanted, std::vector<int>* free,
          std::vector<int>* share) {
  for (auto i = free->begin(); i != free->end() && share->size() < count && free->size() > keep;) {
    if (wanted(*i)) {
      share->push_back(*i);
      i = free->erase(i);
    } else {
      ++i;
    }
  }
}

}  // namespace

absl::StatusOr<ProcessorShares> ShareProcessors(const std::vector<int>& processors,
                                                const std::vector<std::vector<int>>& near,
                                                int slots) {
  const size_t cards = near.size();
  const size_t needed = static_cast<size_t>(slots) + (cards > 0 ? 1 : 0);
  if (slots > 0 && processors.size() < needed) {
    const size_t possible = processors.size() - (cards > 0 ? 1 : 0);
    return absl::FailedPreconditionError(
        absl::StrCat("cpu:", slots, " asks for ", slots, " CPU slots, but kurd may use only ",
                     processors.size(), processors.size() == 1 ? " processor" : " processors",
                     " and a slot needs at least one", cards > 0 ? ", as do the cards" : "",
                     possible == 0 ? std::string("; leave it out")
                                   : absl::StrCat("; ask for cpu:", possible, " or fewer")));
  }
  ProcessorShares shares;
  shares.cards.resize(cards);
  std::vector<int> free = processors;
  const auto for_slots = static_cast<size_t>(slots);
  const size_t share =
      std::max<size_t>(1, processors.size() / std::max<size_t>(1, cards + for_slots));
  for (size_t i = 0; i < cards; ++i) {
    const std::set<int> close(near[i].begin(), near[i].end());
    Take(
        share, for_slots, [&](int processor) { return close.count(processor) > 0; }, &free,
        &shares.cards[i]);
  }
  for (std::vector<int>& own : shares.cards) {
    Take(
        share, for_slots, [](int) { return true; }, &free, &own);
  }
  // More cards than processors: those that got none use those of the others.
  for (size_t i = 0, donor = 0; i < cards; ++i) {
    if (shares.cards[i].empty()) {
      while (shares.cards[donor % cards].empty()) ++donor;
      shares.cards[i] = shares.cards[donor++ % cards];
    }
    std::sort(shares.cards[i].begin(), shares.cards[i].end());
  }
  if (slots > 0) shares.slots = ShareEvenly(free, slots);
  return shares;
}

}  // namespace kur::server
