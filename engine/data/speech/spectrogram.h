#ifndef KUR_ENGINE_DATA_SPEECH_SPECTROGRAM_H_
#define KUR_ENGINE_DATA_SPEECH_SPECTROGRAM_H_

#include <optional>

#include "absl/status/statusor.h"
#include "engine/data/speech/audio_features.h"
#include "engine/formats/audio.h"

namespace kur {

// The logarithms of the power at frequencies 50 Hz apart, in frames of 20 ms under a Hann window,
// one each 10 ms; what is left at the end and fills no frame is dropped. Frequencies beyond
// `max_frequency` (Hz) are left out. To the last bit of single precision what Kur computes.
// INVALID_ARGUMENT if the recording is shorter than a frame. Thread-safe.
absl::StatusOr<AudioFeatures> Spectrogram(const Recording& recording,
                                          std::optional<double> max_frequency);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_SPECTROGRAM_H_
