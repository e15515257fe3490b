#ifndef KUR_ENGINE_DATA_SPEECH_AUDIO_FEATURES_H_
#define KUR_ENGINE_DATA_SPEECH_AUDIO_FEATURES_H_

#include <cstdint>
#include <vector>

namespace kur {

// The features of a recording, as a model reads them: a row of numbers for every frame. A frame is
// 20 or 25 ms of sound; frames start 10 ms apart.
struct AudioFeatures {
  int64_t frames = 0;
  int64_t width = 0;          // features per frame
  std::vector<float> values;  // (frames, width) in row-major order
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_AUDIO_FEATURES_H_
