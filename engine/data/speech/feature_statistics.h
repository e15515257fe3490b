#ifndef KUR_ENGINE_DATA_SPEECH_FEATURE_STATISTICS_H_
#define KUR_ENGINE_DATA_SPEECH_FEATURE_STATISTICS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/speech/audio_features.h"

namespace kur {

// What is known of the frames of a data set, as Kur keeps it in a file.
struct FeatureStatistics {
  std::vector<double> mean;    // of each feature
  std::vector<double> stddev;  // of each feature; 1 where it does not vary
  // The principal axes, those first along which the frames vary most: (width, width), a row each;
  // each points to where its largest component is positive.
  std::vector<double> axes;
  // For each axis the inverse of the standard deviation along it; 0 where the frames do not vary.
  std::vector<double> inverse_deviations;

  int64_t width() const { return static_cast<int64_t>(mean.size()); }
};

// Learns statistics from recordings one after the other, which need not be kept. Not thread-safe.
class FeatureStatisticsLearner {
 public:
  FeatureStatisticsLearner();
  ~FeatureStatisticsLearner();

  // Precondition: all features have the same width.
  void Add(const AudioFeatures& features);

  // INVALID_ARGUMENT if there were fewer than two frames.
  absl::StatusOr<FeatureStatistics> Finish() const;

 private:
  struct Moments;
  std::unique_ptr<Moments> moments_;
};

// As YAML with Kur's keys mean, stddev, S (diagonal) and Vt, which Kur reads, too.
std::string FormatStatistics(const FeatureStatistics& statistics);

// Reads such a text, ours or Kur's; `name` stands for the file in messages. INVALID_ARGUMENT says
// what is missing or does not fit together.
absl::StatusOr<FeatureStatistics> ParseStatistics(const std::string& text, const std::string& name);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_FEATURE_STATISTICS_H_
