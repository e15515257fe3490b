#ifndef KUR_ENGINE_BASE_RANDOM_H_
#define KUR_ENGINE_BASE_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <vector>

namespace kur {

// Generates random words with xoshiro256** 1.0 (David Blackman and Sebastiano Vigna), seeded by
// splitmix64 (Vigna). The words are a pure function of seed and stream: every machine and every
// version generates the same ones. Different streams of one seed are independent. Not thread-safe.
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

  // Returns a uniform integer in [0, bound). Precondition: bound > 0. Draws again when a word falls
  // into the incomplete last interval.
  uint64_t Below(uint64_t bound) {
    const uint64_t incomplete = (0 - bound) % bound;
    uint64_t word = Next();
    while (word < incomplete) word = Next();
    return word % bound;
  }

  // Returns a uniform number in [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

  // Returns a number from the standard normal distribution (Box and Muller, 1958).
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return radius * std::cos(2 * M_PI * Uniform());
  }

 private:
  // Returns the next well-mixed word of `state`, which may hold any seed.
  static uint64_t SplitMix(uint64_t* state) {
    uint64_t word = (*state += 0x9e3779b97f4a7c15u);
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    return word ^ (word >> 31);
  }

  static uint64_t RotateLeft(uint64_t word, int by) { return (word << by) | (word >> (64 - by)); }

  uint64_t state_[4];
};

// Returns 0 .. size-1 in a uniformly random order (Fisher-Yates over Random). The order is a pure
// function of the arguments, so that a resumed run sees the order of the run that it continues.
std::vector<int64_t> Permutation(int64_t size, uint64_t seed, uint64_t stream);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_RANDOM_H_
