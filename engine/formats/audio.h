#ifndef KUR_ENGINE_FORMATS_AUDIO_H_
#define KUR_ENGINE_FORMATS_AUDIO_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur {

// Recorded sound: one channel, whatever the file had.
struct Recording {
  // In [-1, 1), the file's integers divided by 2^(their bits - 1); compressed sound and sound in
  // floating point may go a little beyond.
  std::vector<float> samples;
  int64_t sampling_rate = 0;  // samples a second
  // How wide the integers are that other programs see in such a file: 8, 16 or 32 (24 bits are
  // widened to 32, what is lossy or floating to 16).
  int bits = 16;

  double seconds() const {
    return static_cast<double>(samples.size()) / static_cast<double>(sampling_rate);
  }
};

// The limits on a file that somebody else made.
struct AudioLimits {
  // What a header says is believed only as far as samples really follow; silence compresses well,
  // though, so that the size of the file alone bounds nothing.
  double max_seconds = 3600;
  int64_t max_file_bytes = int64_t{1} << 30;
};

// Reads WAV, FLAC, MP3 or Ogg (Vorbis, Opus) in memory; several channels become their mean. (By
// libsndfile.) DATA_LOSS if it is none of these, damaged, without samples, or if samples are not
// finite; RESOURCE_EXHAUSTED beyond a limit. Messages do not name the file. Thread-safe.
absl::StatusOr<Recording> DecodeAudio(absl::string_view content, const AudioLimits& limits = {});

// The same from a file; messages name it. NOT_FOUND, PERMISSION_DENIED.
absl::StatusOr<Recording> ReadAudio(const std::string& path, const AudioLimits& limits = {});

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_AUDIO_H_
