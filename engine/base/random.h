#ifndef KUR_ENGINE_BASE_RANDOM_H_
#define KUR_ENGINE_BASE_RANDOM_H_

#include <cmath>
#include <cstdint>

namespace kur {

// Random words: a pure function of seed and stream, the same on every machine and in every version.
// Different streams of one seed are independent. (xoshiro256** 1.0 by David Blackman and Sebastiano
// Vigna, seeded by the latter's splitmix64.) Not thread-safe.
class Random {
 public:
  Random(uint64_t seed, uint64_t stream) {
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

  // Uniform in [0, bound), bound > 0: words from the incomplete last interval are drawn again.
  uint64_t Below(uint64_t bound) {
    const uint64_t incomplete = (0 - bound) % bound;
    uint64_t word = Next();
    while (word < incomplete) word = Next();
    return word % bound;
  }

  // Uniform in [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

  // Normally distributed with mean 0 and deviation 1 (Box and Muller, 1958).
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return radius * std::cos(2 * M_PI * Uniform());
  }

 private:
  // Turns any seed into well-mixed words.
  static uint64_t SplitMix(uint64_t* state) {
    uint64_t word = (*state += 0x9e3779b97f4a7c15u);
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    return word ^ (word >> 31);
  }

  static uint64_t RotateLeft(uint64_t word, int by) { return (word << by) | (word >> (64 - by)); }

  uint64_t state_[4];
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_RANDOM_H_
