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

// Computes the features of the utterances of a corpus, before they are normalized. Immutable,
// thread-safe; copies share their parts.
class FeatureExtractor {
 public:
  // `mfcc` chooses between Mfcc() and Spectrogram(), which also say what `max_frequency` means.
  FeatureExtractor(const SpeechCorpus& corpus, bool mfcc, std::optional<double> max_frequency,
                   const AudioLimits& limits);

  // The number of utterances.
  int64_t size() const { return static_cast<int64_t>(names_->size()); }

  // The features of an utterance; messages name its recording. Precondition: 0 <= index < size().
  absl::StatusOr<AudioFeatures> operator()(int64_t index) const;

 private:
  std::shared_ptr<const std::vector<std::string>> names_;
  std::shared_ptr<const AudioStore> audio_;
  bool mfcc_;
  std::optional<double> max_frequency_;
  AudioLimits limits_;
};

// Learns from these utterances, by several threads but in this order, so that the result is always
// the same; those that cannot be read, or have another width than the first, are passed over.
// INVALID_ARGUMENT if none can be read.
absl::StatusOr<FeatureStatistics> LearnStatistics(const FeatureExtractor& extract,
                                                  const std::vector<int64_t>& indices,
                                                  int64_t threads);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_SPEECH_FEATURES_H_
