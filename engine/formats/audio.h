#ifndef KUR_ENGINE_FORMATS_AUDIO_H_
#define KUR_ENGINE_FORMATS_AUDIO_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur {

// Recorded sound, mixed down to one channel.
struct Recording {
  // In [-1, 1): the integers of the file divided by 2^(bits - 1). Lossy and floating-point formats
  // may slightly exceed the range.
  std::vector<float> samples;
  int64_t sampling_rate = 0;  // samples a second
  // The width of the integers that other programs read from such a file: 8, 16 or 32. 24 bits are
  // widened to 32; lossy and floating-point formats count as 16.
  int bits = 16;

  double seconds() const {
    return static_cast<double>(samples.size()) / static_cast<double>(sampling_rate);
  }
};

// Limits on files from untrusted authors. Raise a limit for longer recordings.
struct AudioLimits {
  // Silence compresses so well that the size of the file alone bounds nothing. The header is not
  // trusted: only samples that really follow count.
  double max_seconds = 3600;
  int64_t max_file_bytes = int64_t{1} << 30;
};

// Decodes WAV, FLAC, MP3, Ogg (Vorbis, Opus) or NIST SPHERE in memory, by libsndfile; several
// channels become their mean. DATA_LOSS if the format is another one, or if the file is damaged,
// holds less than its header says (but for MP3 and Ogg, which can end anywhere), or has no samples
// or non-finite samples; RESOURCE_EXHAUSTED beyond a limit. Messages do not name the file.
// Thread-safe.
absl::StatusOr<Recording> DecodeAudio(absl::string_view content, const AudioLimits& limits = {});

// Converts a recording to another number of samples a second, by libsamplerate. INVALID_ARGUMENT if
// the rates are too far from each other.
absl::Status Resample(int64_t rate, Recording* recording);

// Decodes a file. Messages name the file. NOT_FOUND, PERMISSION_DENIED, and the errors of
// DecodeAudio().
absl::StatusOr<Recording> ReadAudio(const std::string& path, const AudioLimits& limits = {});

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_AUDIO_H_
