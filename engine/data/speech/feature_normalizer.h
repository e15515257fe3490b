#ifndef KUR_ENGINE_DATA_SPEECH_FEATURE_NORMALIZER_H_
#define KUR_ENGINE_DATA_SPEECH_FEATURE_NORMALIZER_H_

#include <cstdint>
#include <vector>

#include "engine/data/speech/audio_features.h"
#include "engine/data/speech/feature_statistics.h"

namespace kur {

// Which rotation decorrelates the features.
enum class Rotation {
  kNone,
  kZca,  // to the principal axes and back: the features stay as near as can be to what they were
  kPca,  // to the principal axes, the strongest first
};

// Brings every frame of features x to a common scale. With m the mean, d the deviations, V the
// principal axes and s the inverse deviations along them:
//   kNone: (x - m) / d      kZca: V^T diag(s) V (x - m)      kPca: diag(s) V' (x - m)
// where V' has the columns of V with a sign that makes the first row positive (as Kur does).
// Immutable, thread-safe.
class FeatureNormalizer {
 public:
  struct Options {
    bool center = true;  // false adds the mean again at the end
    bool scale = true;   // false leaves d and s out
    Rotation rotation = Rotation::kZca;
  };

  FeatureNormalizer(const FeatureStatistics& statistics, const Options& options);

  int64_t width() const { return static_cast<int64_t>(before_.size()); }

  // Precondition: the features have the width of the normalizer.
  void Apply(AudioFeatures* features) const;

 private:
  std::vector<double> before_;  // subtracted first, in double precision: it may be large beside d
  std::vector<float> matrix_;   // (width, width) in row-major order, or just its diagonal
  std::vector<float> after_;    // added at the end
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_FEATURE_NORMALIZER_H_
