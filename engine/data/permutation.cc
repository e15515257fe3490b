#include "engine/data/permutation.h"

#include <cstddef>
#include <numeric>
#include <utility>

namespace kur {
namespace {

// Sebastiano Vigna's splitmix64: turns any seed into well-mixed words.
uint64_t SplitMix(uint64_t* state) {
  uint64_t word = (*state += 0x9e3779b97f4a7c15u);
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
  return word ^ (word >> 31);
}

uint64_t RotateLeft(uint64_t word, int by) { return (word << by) | (word >> (64 - by)); }

// xoshiro256** 1.0 by David Blackman and Sebastiano Vigna.
class Xoshiro {
 public:
  Xoshiro(uint64_t seed, uint64_t stream) {
    uint64_t mixed = SplitMix(&seed) ^ RotateLeft(SplitMix(&stream), 32);
    for (uint64_t& word : state_) word = SplitMix(&mixed);
  }

  uint64_t Next() {
    const uint64_t result = RotateLeft(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = RotateLeft(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound): words from the incomplete last interval are drawn again.
  uint64_t Below(uint64_t bound) {
    const uint64_t incomplete = (0 - bound) % bound;
    uint64_t word = Next();
    while (word < incomplete) word = Next();
    return word % bound;
  }

 private:
  uint64_t state_[4];
};

}  // namespace

std::vector<int64_t> Permutation(int64_t size, uint64_t seed, uint64_t stream) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  Xoshiro random(seed, stream);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

}  // namespace kur
