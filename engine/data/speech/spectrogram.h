#ifndef KUR_ENGINE_DATA_SPEECH_SPECTROGRAM_H_
#define KUR_ENGINE_DATA_SPEECH_SPECTROGRAM_H_

#include <optional>

#include "absl/status/statusor.h"
#include "engine/data/speech/audio_features.h"
#include "engine/formats/audio.h"

namespace kur {

// Computes the logarithm of the power density at frequencies 50 Hz apart. Frames are 20 ms long
// under a Hann window and start 10 ms apart; samples at the end that fill no frame are dropped.
// Frequencies beyond `max_frequency` (Hz) are left out. Equals Kur's features to the last bit of
// single precision. Returns INVALID_ARGUMENT if the recording is shorter than a frame. Thread-safe.
absl::StatusOr<AudioFeatures> Spectrogram(const Recording& recording,
                                          std::optional<double> max_frequency);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_SPECTROGRAM_H_
