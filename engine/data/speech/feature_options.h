#ifndef KUR_ENGINE_DATA_SPEECH_FEATURE_OPTIONS_H_
#define KUR_ENGINE_DATA_SPEECH_FEATURE_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "engine/data/speech/speech_options.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/value/shape.h"

namespace kur {

// The Kurfile's options of suppliers of recorded sound: how features are computed and padded.
struct FeatureOptions {
  std::string type = "spec";  // "spec": spectrogram; "mfcc"
  NormalizationSpec normalization;
  std::optional<double> max_frequency;  // Hz; absent: half of the sampling rate
  // Hz; absent: that of the model's weights, otherwise of most recordings.
  std::optional<int64_t> sampling_rate;
  std::string fill = "zero";         // "loop" repeats a shorter recording instead of padding it
  std::optional<double> bucket;      // seconds; batch lengths are rounded up to a multiple
  std::optional<int64_t> data_cpus;  // threads; absent: one for each processor

  // Returns the shape of a recording's features: (frames, features). The features per frame of a
  // spectrogram are unknown, as they depend on the sampling rate.
  Shape FeatureShape() const {
    constexpr int64_t kMfccFeatures = 13;
    return {kUnknown, type == "mfcc" ? kMfccFeatures : kUnknown};
  }
};

// Returns `fields` with the keys of FeatureOptions added.
template <class Spec>
Fields<Spec> WithFeatureOptions(Fields<Spec> fields) {
  return std::move(
      fields
          .Choice("type", &FeatureOptions::type, {"spec", "mfcc"},
                  "the features: spectrogram or MFCC")
          .Optional("normalization", &FeatureOptions::normalization,
                    "where the features' statistics are kept: a path, or {path, center, scale, "
                    "rotate, depth}")
          .Example("norm.yml")
          .Keys(NormalizationKeys())
          .Optional("max_frequency", &FeatureOptions::max_frequency,
                    "the highest frequency kept, Hz", IfGiven(Positive()))
          .Example("8000")
          .Optional("sampling_rate", &FeatureOptions::sampling_rate,
                    "the sampling rate that recordings with another are converted to, Hz; default: "
                    "that of the training, which most recordings have there",
                    IfGiven(Condition<int64_t>{
                        "from 1000 to 384000",
                        [](int64_t rate) { return rate >= 1000 && rate <= 384'000; }}))
          .Example("16000")
          .Choice("fill", &FeatureOptions::fill, {"zero", "loop"},
                  "what fills shorter recordings of a batch")
          .Optional("bucket", &FeatureOptions::bucket,
                    "rounds lengths up to a multiple of it, seconds", IfGiven(Positive()))
          .Example("0.5")
          .Optional("data_cpus", &FeatureOptions::data_cpus,
                    "threads that compute features; default: one for each processor",
                    IfGiven(AtLeast(1)))
          .Example("2"));
}

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_FEATURE_OPTIONS_H_
