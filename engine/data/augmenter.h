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

// The samples of one source in a batch, in row-major order. Does not own the values.
struct BatchBuffer {
  float* values = nullptr;
  Shape shape;  // (samples, extents of a sample...)
};
using BatchBuffers = std::map<std::string, BatchBuffer>;

// Applies a Kurfile's augmentations to gathered batches. The change of a sample depends on the
// seed, the epoch and the sample alone (on the batch, too, where samples are mixed). A resumed run
// therefore sees the same batches, with any number of threads. Immutable, thread-safe.
class Augmenter {
 public:
  // An augmentation without a source applies to the one of `inputs` whose shape it accepts. Returns
  // a diagnostic at the augmentation if there is no such input, if there are several, or if the
  // augmentation does not accept the shape of its named source.
  static absl::StatusOr<Augmenter> Create(const AugmentationSpecs& specs, const SourceMap& sources,
                                          const std::set<std::string>& inputs, uint64_t seed,
                                          int64_t threads);

  bool empty() const { return steps_.empty(); }

  // Changes a batch of epoch `epoch` in place, with several threads. `samples` are the indices of
  // the batch's samples in their sources. Skips augmentations of sources that `batch` lacks.
  void Apply(int64_t epoch, const int64_t* samples, const BatchBuffers& batch) const;

 private:
  struct Step {
    std::shared_ptr<const AugmentationSpec> spec;
    std::string source;  // empty if the augmentation mixes samples of all sources
  };

  Augmenter(uint64_t seed, int64_t threads) : seed_(seed), threads_(threads) {}

  // Apply one step; `seed` is specific to the step and the epoch.
  void ChangeSamples(const AugmentationSpec& spec, uint64_t seed, const int64_t* samples,
                     const BatchBuffer& buffer) const;
  void MixSamples(const AugmentationSpec& spec, uint64_t seed, const int64_t* samples,
                  const BatchBuffers& batch) const;

  uint64_t seed_;
  int64_t threads_;
  std::vector<Step> steps_;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_AUGMENTER_H_
