#ifndef KUR_ENGINE_DATA_NEIGHBORHOODS_H_
#define KUR_ENGINE_DATA_NEIGHBORHOODS_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace kur {

struct NeighborhoodOptions {
  int64_t batch_size = 1;
  // How far from its seed a batch looks for samples; absent: a tenth of the keys' range.
  std::optional<double> radius;
  // By which share of itself the radius grows while there are too few; greater than 0.
  double growth = 0.4;
};

// An order in which every `batch_size` samples have keys near each other, for batches of sequences
// of about one length: a pure function of its arguments. Each batch begins with the sample of the
// least or of the greatest key that is left, by the toss of a coin, and takes the others at random
// from those within the radius. The full batches then come in random order, one that is not full
// comes last. Keys must not be NaN; infinite ones count as the greatest number.
std::vector<int64_t> NeighborhoodOrder(const std::vector<float>& keys,
                                       const NeighborhoodOptions& options, uint64_t seed,
                                       uint64_t stream);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_NEIGHBORHOODS_H_
