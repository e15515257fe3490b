#ifndef KUR_ENGINE_VALUE_SHAPE_H_
#define KUR_ENGINE_VALUE_SHAPE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace kur {

// The extents of one sample, without the batch axis: (height, width, channels) for images, (time,
// features) for sequences. kUnknown stands for an extent that is not known or varies.
using Shape = std::vector<int64_t>;

constexpr int64_t kUnknown = -1;

inline bool IsKnown(const Shape& shape) {
  for (const int64_t extent : shape) {
    if (extent == kUnknown) return false;
  }
  return true;
}

// Returns the product of the extents; kUnknown if an extent is unknown or the product overflows.
int64_t NumElements(const Shape& shape);

// Returns "(28, 28, 1)", "(?, 161)" or "(10,)".
std::string ToString(const Shape& shape);

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_SHAPE_H_
