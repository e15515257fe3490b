#ifndef KUR_ENGINE_DATA_SPEECH_MFCC_H_
#define KUR_ENGINE_DATA_SPEECH_MFCC_H_

#include <optional>

#include "absl/status/statusor.h"
#include "engine/data/speech/audio_features.h"
#include "engine/formats/audio.h"

namespace kur {

// Computes 13 mel-frequency cepstral coefficients for each frame; the logarithm of the frame's
// energy replaces the first coefficient. Frames are 25 ms long and start 10 ms apart; the last one
// is padded with silence. The mel scale ends at `max_frequency` (Hz) or at half the sampling rate,
// whichever is lower. Equals the Python package python_speech_features, applied to the integers of
// the file. Returns INVALID_ARGUMENT if there are no samples. Thread-safe.
absl::StatusOr<AudioFeatures> Mfcc(const Recording& recording, std::optional<double> max_frequency);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_MFCC_H_
