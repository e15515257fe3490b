#ifndef KUR_ENGINE_DATA_AUGMENTER_H_
#define KUR_ENGINE_DATA_AUGMENTER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/augmentation_spec.h"

namespace kur {

// The samples of one source in a batch: row-major order of (samples, extents of a sample...).
struct BatchBuffer {
  float* values = nullptr;
  Shape shape;
};
using BatchBuffers = std::map<std::string, BatchBuffer>;

// Changes gathered batches as a Kurfile's augmentations say. What happens to a sample is a function
// of the seed, the epoch and the sample (and where samples are mixed, of its batch), so that a
// resumed run sees what it would have seen, with any number of threads. Immutable, thread-safe.
class Augmenter {
 public:
  // Augmentations that name no source mean that one of `inputs` which they can change. A diagnostic
  // at the augmentation if there is none, if there are several, or if it cannot change its source.
  static absl::StatusOr<Augmenter> Create(const AugmentationSpecs& specs, const SourceMap& sources,
                                          const std::set<std::string>& inputs, uint64_t seed,
                                          int64_t threads);

  bool empty() const { return steps_.empty(); }

  // Changes a batch of epoch `epoch` in place, by several threads. `samples` are the indices of its
  // samples in their sources; a source that is not in the batch is passed over.
  void Apply(int64_t epoch, const int64_t* samples, const BatchBuffers& batch) const;

 private:
  struct Step {
    std::shared_ptr<const AugmentationSpec> spec;
    std::string source;  // empty for one that mixes samples
  };

  Augmenter(uint64_t seed, int64_t threads) : seed_(seed), threads_(threads) {}

  // `seed` is that of the step in the epoch.
  void Change(const AugmentationSpec& spec, uint64_t seed, const int64_t* samples,
              const BatchBuffer& buffer) const;
  void Mix(const AugmentationSpec& spec, uint64_t seed, const int64_t* samples,
           const BatchBuffers& batch) const;

  uint64_t seed_;
  int64_t threads_;
  std::vector<Step> steps_;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_AUGMENTER_H_
