#ifndef KUR_ENGINE_DATA_SPEECH_FEATURE_STATISTICS_H_
#define KUR_ENGINE_DATA_SPEECH_FEATURE_STATISTICS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/speech/audio_features.h"

namespace kur {

// The statistics of a data set's frames, from which a FeatureNormalizer is built.
struct FeatureStatistics {
  std::vector<double> mean;    // of each feature
  std::vector<double> stddev;  // of each feature; 1 where the feature does not vary
  // The principal axes in descending order of variance: (width, width), one axis a row. The largest
  // component of every axis is positive.
  std::vector<double> axes;
  // The inverse standard deviation along each axis; 0 where the frames do not vary.
  std::vector<double> inverse_deviations;

  int64_t width() const { return static_cast<int64_t>(mean.size()); }
};

// Learns statistics from one recording after the other, in memory that does not depend on their
// number. Not thread-safe.
class FeatureStatisticsLearner {
 public:
  FeatureStatisticsLearner();
  ~FeatureStatisticsLearner();

  // Adds the frames of a recording. Precondition: all recordings have the same width.
  void Add(const AudioFeatures& features);

  // Returns the statistics of all added frames; INVALID_ARGUMENT for fewer than two frames.
  absl::StatusOr<FeatureStatistics> Finish() const;

 private:
  struct Moments;
  std::unique_ptr<Moments> moments_;
};

// Formats statistics as YAML with the keys mean, stddev, S (a diagonal matrix) and Vt. Kur uses the
// same format.
std::string FormatStatistics(const FeatureStatistics& statistics);

// Parses the text of FormatStatistics() or of Kur. `name` is the file's name for messages. Returns
// INVALID_ARGUMENT if a key is missing or the dimensions do not match.
absl::StatusOr<FeatureStatistics> ParseStatistics(const std::string& text, const std::string& name);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_FEATURE_STATISTICS_H_
