#ifndef KUR_ENGINE_DATA_SPEECH_MFCC_H_
#define KUR_ENGINE_DATA_SPEECH_MFCC_H_

#include <optional>

#include "absl/status/statusor.h"
#include "engine/data/speech/audio_features.h"
#include "engine/formats/audio.h"

namespace kur {

// 13 mel-frequency cepstral coefficients of frames of 25 ms, one each 10 ms, the first of them
// replaced by the logarithm of the frame's energy; the last frame is filled up with silence. The
// mel scale ends at `max_frequency` (Hz) or at half the sampling rate, whichever is lower. What the
// Python package python_speech_features computes from the integers of the file.
// INVALID_ARGUMENT if there are no samples. Thread-safe.
absl::StatusOr<AudioFeatures> Mfcc(const Recording& recording, std::optional<double> max_frequency);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_MFCC_H_
