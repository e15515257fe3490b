#ifndef KUR_ENGINE_DATA_SPEECH_AUDIO_FEATURES_H_
#define KUR_ENGINE_DATA_SPEECH_AUDIO_FEATURES_H_

#include <cstdint>
#include <vector>

namespace kur {

// What a model sees of a recording: for every frame (a few hundredths of a second of sound, one
// each hundredth) a row of numbers.
struct AudioFeatures {
  int64_t frames = 0;
  int64_t width = 0;          // numbers of a frame
  std::vector<float> values;  // (frames, width) in row-major order
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_AUDIO_FEATURES_H_
