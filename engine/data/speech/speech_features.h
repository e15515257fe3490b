#ifndef KUR_ENGINE_DATA_SPEECH_SPEECH_FEATURES_H_
#define KUR_ENGINE_DATA_SPEECH_SPEECH_FEATURES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/speech/audio_features.h"
#include "engine/data/speech/audio_store.h"
#include "engine/data/speech/feature_statistics.h"
#include "engine/data/speech/speech_corpus.h"

namespace kur {

// Computes the features of a corpus' utterances, not normalized. Immutable, thread-safe; cheap to
// copy.
class FeatureExtractor {
 public:
  // `mfcc` selects Mfcc(), otherwise Spectrogram() is used; both document `max_frequency` (Hz).
  FeatureExtractor(const SpeechCorpus& corpus, bool mfcc, std::optional<double> max_frequency,
                   const AudioLimits& limits);

  // The number of utterances.
  int64_t size() const { return static_cast<int64_t>(names_->size()); }

  // The number of samples a second in which features are computed, whatever the recordings have.
  // Absent: those of each recording.
  void set_sampling_rate(int64_t rate) { sampling_rate_ = rate; }
  // Returns that of a recording's file.
  absl::StatusOr<int64_t> ReadSamplingRate(int64_t index) const;

  // Returns the features of an utterance; messages name the recording. Returns DATA_LOSS if they
  // are not finite. Precondition: 0 <= index < size().
  absl::StatusOr<AudioFeatures> operator()(int64_t index) const;

 private:
  std::shared_ptr<const std::vector<std::string>> names_;
  std::shared_ptr<const AudioStore> audio_;
  bool mfcc_;
  std::optional<double> max_frequency_;
  AudioLimits limits_;
  std::optional<int64_t> sampling_rate_;
};

// Learns statistics from the utterances at `indices`. Several threads compute the features, but
// they are added in the given order, so that the result does not depend on the threads. Skips
// utterances that cannot be read or differ in width from the first. Returns INVALID_ARGUMENT if
// none can be read.
absl::StatusOr<FeatureStatistics> LearnStatistics(const FeatureExtractor& extract,
                                                  const std::vector<int64_t>& indices,
                                                  int64_t threads);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_SPEECH_FEATURES_H_
