#ifndef KUR_ENGINE_LOSSES_SYMBOLS_H_
#define KUR_ENGINE_LOSSES_SYMBOLS_H_

#include <cmath>
#include <cstdint>
#include <optional>

namespace kur {

// The index of the first of `count` values that is no whole number in [0, symbols), if there is
// one.
inline std::optional<int64_t> FindNoSymbol(const float* values, int64_t count, int64_t symbols) {
  for (int64_t i = 0; i < count; ++i) {
    const float value = values[i];
    // The comparisons fail for NaN.
    const bool in_range = value >= 0 && value < static_cast<float>(symbols);
    if (!in_range || value != std::floor(value)) return i;
  }
  return std::nullopt;
}

}  // namespace kur

#endif  // KUR_ENGINE_LOSSES_SYMBOLS_H_
