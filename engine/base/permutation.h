#ifndef KUR_ENGINE_BASE_PERMUTATION_H_
#define KUR_ENGINE_BASE_PERMUTATION_H_

#include <cstdint>
#include <vector>

namespace kur {

// A uniformly random order of 0 .. size-1: a pure function of its arguments, the same on every
// machine and in every version, so that a resumed run sees the order that it would have seen.
// Different streams of one seed are independent. (Fisher-Yates over xoshiro256**, seeded by
// splitmix64.)
std::vector<int64_t> Permutation(int64_t size, uint64_t seed, uint64_t stream);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_PERMUTATION_H_
