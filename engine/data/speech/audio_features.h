#ifndef KUR_ENGINE_DATA_SPEECH_AUDIO_FEATURES_H_
#define KUR_ENGINE_DATA_SPEECH_AUDIO_FEATURES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/formats/audio.h"

namespace kur {

// The features of a recording, as a model reads them: a row of numbers for every frame. A frame is
// 20 or 25 ms of sound; frames start 10 ms apart.
struct AudioFeatures {
  int64_t frames = 0;
  int64_t width = 0;          // features per frame
  std::vector<float> values;  // (frames, width) in row-major order
};

// Computes the logarithm of the power density at frequencies 50 Hz apart. Frames are 20 ms long
// under a Hann window and start 10 ms apart; samples at the end that fill no frame are dropped.
// Frequencies beyond `max_frequency` (Hz) are left out. Equals Kur's features to the last bit of
// single precision. Returns INVALID_ARGUMENT if the recording is shorter than a frame. Thread-safe.
absl::StatusOr<AudioFeatures> Spectrogram(const Recording& recording,
                                          std::optional<double> max_frequency);

// Computes 13 mel-frequency cepstral coefficients for each frame; the logarithm of the frame's
// energy replaces the first coefficient. Frames are 25 ms long and start 10 ms apart; the last one
// is padded with silence. The mel scale ends at `max_frequency` (Hz) or at half the sampling rate,
// whichever is lower. Equals the Python package python_speech_features, applied to the integers of
// the file. Returns INVALID_ARGUMENT if there are no samples. Thread-safe.
absl::StatusOr<AudioFeatures> Mfcc(const Recording& recording, std::optional<double> max_frequency);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_AUDIO_FEATURES_H_
