#include "engine/data/speech/speech_features.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "engine/base/parallel_for.h"
#include "engine/base/status.h"
#include "engine/data/speech/audio_features.h"

namespace kur {

FeatureExtractor::FeatureExtractor(const SpeechCorpus& corpus, bool mfcc,
                                   std::optional<double> max_frequency, const AudioLimits& limits)
    : names_(std::make_shared<const std::vector<std::string>>(corpus.names)),
      audio_(corpus.audio),
      mfcc_(mfcc),
      max_frequency_(max_frequency),
      limits_(limits) {}

absl::StatusOr<int64_t> FeatureExtractor::ReadSamplingRate(int64_t index) const {
  KUR_ASSIGN_OR_RETURN(const Recording recording,
                       audio_->Read((*names_)[static_cast<size_t>(index)], limits_));
  return recording.sampling_rate;
}

absl::StatusOr<AudioFeatures> FeatureExtractor::operator()(int64_t index) const {
  const std::string& name = (*names_)[static_cast<size_t>(index)];
  KUR_ASSIGN_OR_RETURN(Recording recording, audio_->Read(name, limits_));
  if (sampling_rate_.has_value()) {
    const absl::Status resampled = Resample(*sampling_rate_, &recording);
    if (!resampled.ok()) return Annotate(resampled, name);
  }
  auto features = mfcc_ ? Mfcc(recording, max_frequency_) : Spectrogram(recording, max_frequency_);
  if (!features.ok()) return Annotate(features.status(), name);
  const bool finite = std::all_of(features->values.begin(), features->values.end(),
                                  [](float value) { return std::isfinite(value); });
  if (finite) return features;
  return absl::DataLossError(absl::StrCat(name, ": has samples too large to compute with"));
}

absl::StatusOr<FeatureStatistics> LearnStatistics(const FeatureExtractor& extract,
                                                  const std::vector<int64_t>& indices,
                                                  int64_t threads) {
  FeatureStatisticsLearner learner;
  std::optional<int64_t> width;
  absl::Status problem;
  // One recording per thread at a time bounds the memory.
  for (size_t first = 0; first < indices.size(); first += static_cast<size_t>(threads)) {
    const size_t count = std::min(indices.size() - first, static_cast<size_t>(threads));
    std::vector<absl::StatusOr<AudioFeatures>> computed(count);
    ParallelFor(static_cast<int64_t>(count), threads, [&](int64_t i) {
      const auto at = static_cast<size_t>(i);
      computed[at] = extract(indices[first + at]);
    });
    for (const auto& features : computed) {
      problem.Update(features.status());
      if (!features.ok()) continue;
      if (!width.has_value()) width = features->width;
      if (features->width == *width) learner.Add(*features);
    }
  }
  if (width.has_value()) return learner.Finish();
  return absl::InvalidArgumentError(
      absl::StrCat("none of ", indices.size(), " recordings can be read: ", problem.message()));
}

}  // namespace kur
