#ifndef KUR_ENGINE_DATA_SPEECH_FEATURE_CACHE_H_
#define KUR_ENGINE_DATA_SPEECH_FEATURE_CACHE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/data/source.h"
#include "engine/data/speech/audio_features.h"
#include "engine/data/speech/feature_normalizer.h"

namespace kur {

// The normalized features of many recordings. Several threads compute them on demand; those that
// fit into a memory budget are kept. A recording that cannot be read is reported once. Thread-safe.
class FeatureCache {
 public:
  struct Options {
    int64_t size = 0;  // recordings
    // Threads that compute the features of one batch.
    int64_t threads = 1;
    // The memory budget. A data set that fits is computed once in a run; of a larger one, the
    // recordings beyond the budget are computed in every epoch.
    int64_t max_cached_bytes = 0;
    // Computes the features of a recording, not normalized. Thread-safe.
    std::function<absl::StatusOr<AudioFeatures>(int64_t)> compute;
    std::shared_ptr<const FeatureNormalizer> normalizer;
    // Receives the problem of an unreadable recording, on the thread that called Load().
    std::function<void(const std::string&)> warn;
  };
  using Features = std::shared_ptr<const AudioFeatures>;

  explicit FeatureCache(Options options);

  int64_t size() const { return options_.size; }
  int64_t width() const { return options_.normalizer->width(); }

  // Returns the features of the recordings at `indices`, one batch. Null: it cannot be read.
  std::vector<Features> Load(const int64_t* indices, int64_t count) const;

 private:
  absl::StatusOr<AudioFeatures> Compute(int64_t index) const;
  // Returns the cached features of a batch; null where there are none.
  std::vector<Features> FindCached(const int64_t* indices, int64_t count) const;
  void Store(int64_t index, const Features& features) const;
  void Report(int64_t index, const absl::Status& problem) const;

  const Options options_;

  mutable absl::Mutex mutex_;
  mutable std::vector<Features> cache_ ABSL_GUARDED_BY(mutex_);
  mutable int64_t cached_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // The features of the last batch beyond the budget. They are needed twice: a batch is asked for
  // its lengths first, and then for its features.
  mutable absl::flat_hash_map<int64_t, Features> last_batch_ ABSL_GUARDED_BY(mutex_);
  mutable absl::flat_hash_set<int64_t> unreadable_ ABSL_GUARDED_BY(mutex_);
};

// How the recordings of a batch are made equally long.
struct FeaturePadding {
  // True: a shorter recording is repeated. False: zeros follow.
  bool loop = false;
  // The length of a batch is rounded up to a multiple of this many frames. Larger values give fewer
  // distinct shapes, and more padding.
  int64_t bucket = 1;
};

// Returns a source of the features, with the ragged shape (?, width).
std::shared_ptr<const Source> MakeFeatureSource(std::shared_ptr<const FeatureCache> cache,
                                                const FeaturePadding& padding);
// Returns a source of the numbers of frames, with the shape (1,).
std::shared_ptr<const Source> MakeFeatureLengthSource(std::shared_ptr<const FeatureCache> cache);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_FEATURE_CACHE_H_
