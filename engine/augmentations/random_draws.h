#ifndef KUR_ENGINE_AUGMENTATIONS_RANDOM_DRAWS_H_
#define KUR_ENGINE_AUGMENTATIONS_RANDOM_DRAWS_H_

#include <cstdint>

#include "engine/base/random.h"

namespace kur {

// Draws an integer uniformly from [low, high].
inline int64_t DrawInteger(int64_t low, int64_t high, Random* random) {
  return low + static_cast<int64_t>(random->Below(static_cast<uint64_t>(high - low) + 1));
}

// Draws a number uniformly from [low, high).
inline double DrawBetween(double low, double high, Random* random) {
  return low + (high - low) * random->Uniform();
}

}  // namespace kur

#endif  // KUR_ENGINE_AUGMENTATIONS_RANDOM_DRAWS_H_
