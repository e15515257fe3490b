#ifndef KUR_ENGINE_BASE_VECTOR_MATH_H_
#define KUR_ENGINE_BASE_VECTOR_MATH_H_

#include <algorithm>
#include <cstdint>
#include <cstring>

// Building blocks for loops over floats that the compiler vectorizes. A function marked
// KUR_FOR_EACH_PROCESSOR is compiled for several instruction sets; the loader chooses the best one.
// Functions that it calls must be KUR_INLINE to be compiled for the same instruction sets. Compile
// such files with -fno-trapping-math: else comparisons that could trap are not vectorized.
#define KUR_FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#define KUR_INLINE __attribute__((always_inline)) inline
#define KUR_INLINE_LAMBDA __attribute__((always_inline))

namespace kur {

template <class To, class From>
KUR_INLINE To BitCast(From from) {
  To to;
  static_assert(sizeof(to) == sizeof(from));
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

// Returns e^x to about one unit in the last place, as 2^n e^r with r in [-ln 2 / 2, ln 2 / 2] and
// the polynomial of Cephes' expf (Moshier). Clamps x to the range where the result is a normal
// number; returns NaN for NaN. Has no branch.
KUR_INLINE float Exp(float x) {
  constexpr float kLog2E = 1.44269504f;
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr float kRounds = 12582912;  // 1.5 * 2^23: adding it rounds to an integer
  constexpr uint32_t kBias = 127;
  constexpr int kMantissaBits = 23;
  x = std::min(std::max(x, -87.0f), 88.0f);
  const float shifted = x * kLog2E + kRounds;
  const float n = shifted - kRounds;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1;
  // The lowest bits of `shifted` are n.
  const uint32_t power = (BitCast<uint32_t>(shifted) + kBias) << kMantissaBits;
  return p * BitCast<float>(power);
}

// Reductions run over this many lanes in a fixed order, so that they can be vector instructions.
constexpr int64_t kLanes = 16;

template <class Combine>
KUR_INLINE float Reduce(int64_t count, float start, const Combine& combine, const float* x) {
  float lanes[kLanes];
  for (float& lane : lanes) lane = start;
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] = combine(lanes[l], x[i + l]);
  }
  float result = start;
  for (; i < count; ++i) result = combine(result, x[i]);
  if (count >= kLanes) {
    for (const float lane : lanes) result = combine(result, lane);
  }
  return result;
}

KUR_INLINE float Sum(int64_t count, const float* x) {
  return Reduce(
      count, 0.0f, [](float a, float b) KUR_INLINE_LAMBDA { return a + b; }, x);
}

KUR_INLINE float Dot(int64_t count, const float* x, const float* y) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += x[i + l] * y[i + l];
  }
  float result = Sum(kLanes, lanes);
  for (; i < count; ++i) result += x[i] * y[i];
  return result;
}

// Returns the largest value. May ignore a NaN.
KUR_INLINE float Largest(int64_t count, const float* x) {
  return Reduce(
      count, x[0], [](float a, float b) KUR_INLINE_LAMBDA { return a < b ? b : a; }, x);
}

}  // namespace kur

#endif  // KUR_ENGINE_BASE_VECTOR_MATH_H_
