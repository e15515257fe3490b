// Any bytes as a recording, and the features of what could be decoded.

#include <cmath>

#include "engine/data/speech/audio_features.h"
#include "engine/formats/audio.h"
#include "tests/fuzz/fuzzing.h"

namespace {

using kur::fuzz::Require;

// Features of silence are infinite, never NaN; there is a row for each frame.
void RequireWellFormed(const absl::StatusOr<kur::AudioFeatures>& features) {
  if (!features.ok()) return kur::fuzz::RequireRefusal(features.status());
  Require(features->frames > 0 && features->width > 0);
  Require(features->values.size() == static_cast<size_t>(features->frames * features->width));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kur::AudioLimits limits;
  limits.max_seconds = 2;
  const auto recording = kur::DecodeAudio(kur::fuzz::Text(data, size), limits);
  if (!recording.ok()) {
    kur::fuzz::RequireRefusal(recording.status());
    return 0;
  }
  Require(!recording->samples.empty() && recording->seconds() <= limits.max_seconds);
  Require(recording->bits == 8 || recording->bits == 16 || recording->bits == 32);
  for (const float sample : recording->samples) Require(std::isfinite(sample));
  const size_t few = 48'000;
  if (recording->samples.size() > few) return 0;
  const auto max_frequency = size % 2 == 0 ? std::optional<double>() : 8000;
  RequireWellFormed(kur::Spectrogram(*recording, max_frequency));
  RequireWellFormed(kur::Mfcc(*recording, max_frequency));
  return 0;
}
