#ifndef KUR_ENGINE_DATA_LENGTH_BUCKETS_H_
#define KUR_ENGINE_DATA_LENGTH_BUCKETS_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace kur {

struct LengthBucketOptions {
  int64_t batch_size = 1;
  // The greatest difference between the key of a batch's first sample and the keys of its others.
  // Absent: a tenth of the range of all keys. A smaller radius needs less padding but makes the
  // same samples meet again and again; a larger one mixes better.
  std::optional<double> radius;
  // The fraction by which the radius grows while it holds fewer than `batch_size` samples; greater
  // than 0. Raise it if keys are spread unevenly and few samples are alike.
  double growth = 0.4;
};

// Returns an order of the samples in which each run of `batch_size` samples has similar keys. With
// lengths as keys, a batch then holds sequences of about one length and needs little padding.
//
// Each batch starts with the remaining sample of the least or of the greatest key, with equal
// probability. Its other samples are drawn at random from those within the radius. Full batches
// follow in random order; a last batch that is not full comes at the end. Keys must not be NaN;
// infinite keys count as the greatest float32. Pure: the result depends on the arguments alone.
// Thread-safe.
std::vector<int64_t> LengthBucketOrder(const std::vector<float>& keys,
                                       const LengthBucketOptions& options, uint64_t seed,
                                       uint64_t stream);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_LENGTH_BUCKETS_H_
