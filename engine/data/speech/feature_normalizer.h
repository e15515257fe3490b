#ifndef KUR_ENGINE_DATA_SPEECH_FEATURE_NORMALIZER_H_
#define KUR_ENGINE_DATA_SPEECH_FEATURE_NORMALIZER_H_

#include <cstdint>
#include <vector>

#include "engine/data/speech/audio_features.h"
#include "engine/data/speech/feature_statistics.h"

namespace kur {

// The rotation that decorrelates the features.
enum class Rotation {
  kNone,
  kZca,  // to the principal axes and back, so that each feature stays close to its original
  kPca,  // to the principal axes, in descending order of variance
};

// Standardizes or whitens every frame x of features. With m the mean, d the standard deviations, V
// the principal axes (one a row) and s the inverse standard deviations along these axes:
//   kNone: (x - m) / d      kZca: V^T diag(s) V (x - m)      kPca: diag(s) V' (x - m)
// where V' has the columns of V with a sign that makes the first row positive (as Kur does).
// Immutable, thread-safe.
class FeatureNormalizer {
 public:
  struct Options {
    bool center = true;  // false: the mean is added again at the end
    bool scale = true;   // false: d and s are 1
    Rotation rotation = Rotation::kZca;
  };

  FeatureNormalizer(const FeatureStatistics& statistics, const Options& options);

  int64_t width() const { return static_cast<int64_t>(mean_.size()); }

  // Normalizes features in place. Precondition: features->width == width().
  void Apply(AudioFeatures* features) const;

 private:
  std::vector<double> mean_;   // subtracted in double precision, as it may be large beside d
  std::vector<float> matrix_;  // (width, width) in row-major order, or only the diagonal (width)
  std::vector<float> offset_;  // added at the end
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_FEATURE_NORMALIZER_H_
