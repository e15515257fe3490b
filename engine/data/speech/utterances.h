#ifndef KUR_ENGINE_DATA_SPEECH_UTTERANCES_H_
#define KUR_ENGINE_DATA_SPEECH_UTTERANCES_H_

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

// The features of many recordings, computed when they are asked for, by several threads, and kept
// as long as there is room. A recording that cannot be read is reported once. Thread-safe.
class Utterances {
 public:
  struct Options {
    int64_t size = 0;  // recordings
    int64_t threads = 1;
    int64_t max_cached_bytes = 0;
    // The features of a recording before they are normalized. Thread-safe.
    std::function<absl::StatusOr<AudioFeatures>(int64_t)> compute;
    std::shared_ptr<const FeatureNormalizer> normalizer;
    // Hears what is wrong with a recording; called by the thread that asks for it.
    std::function<void(const std::string&)> warn;
  };
  using Features = std::shared_ptr<const AudioFeatures>;

  explicit Utterances(Options options);

  int64_t size() const { return options_.size; }
  int64_t width() const { return options_.normalizer->width(); }

  // The features of the recordings at `indices`, one batch; null for one that cannot be read.
  std::vector<Features> Load(const int64_t* indices, int64_t count) const;

 private:
  absl::StatusOr<AudioFeatures> Compute(int64_t index) const;
  // What is there already of a batch; the others are null.
  std::vector<Features> Known(const int64_t* indices, int64_t count) const;
  void Keep(int64_t index, const Features& features) const;
  void Report(int64_t index, const absl::Status& problem) const;

  const Options options_;

  mutable absl::Mutex mutex_;
  mutable std::vector<Features> cache_ ABSL_GUARDED_BY(mutex_);
  mutable int64_t cached_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Those of the last batch for which there was no room: its lengths are asked for before its
  // features are.
  mutable absl::flat_hash_map<int64_t, Features> last_ ABSL_GUARDED_BY(mutex_);
  mutable absl::flat_hash_set<int64_t> bad_ ABSL_GUARDED_BY(mutex_);
};

// How a batch of utterances is made equally long.
struct UtterancePadding {
  bool loop = false;   // shorter ones are repeated; otherwise zeros follow
  int64_t bucket = 1;  // the length is a multiple of so many frames
};

// The features as a source of the shape (?, width), and the number of their frames.
std::shared_ptr<const Source> MakeUtteranceSource(std::shared_ptr<const Utterances> utterances,
                                                  const UtterancePadding& padding);
std::shared_ptr<const Source> MakeUtteranceLengthSource(
    std::shared_ptr<const Utterances> utterances);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_UTTERANCES_H_
