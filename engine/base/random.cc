#include "engine/base/random.h"

#include <cstddef>
#include <numeric>
#include <utility>

namespace kur {

std::vector<int64_t> Permutation(int64_t size, uint64_t seed, uint64_t stream) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, stream);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

}  // namespace kur
