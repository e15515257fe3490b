#ifndef KUR_ENGINE_DATA_SPEECH_AUDIO_STORE_H_
#define KUR_ENGINE_DATA_SPEECH_AUDIO_STORE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/formats/audio.h"

namespace kur {

// Where recordings lie. Immutable, thread-safe.
class AudioStore {
 public:
  virtual ~AudioStore() = default;

  // Reads the recording NAME.wav, NAME.mp3, NAME.flac or NAME.ogg, the first that is there.
  // NOT_FOUND if none is; other errors are those of ReadAudio(). Messages name the file as the
  // Kurfile's author would.
  virtual absl::StatusOr<Recording> Read(const std::string& name,
                                         const AudioLimits& limits) const = 0;
};

// True for a name that ends as one of a recording does.
bool IsAudioName(const std::string& name);

// Recordings in a folder; `folder` is its path as in a Kurfile.
std::shared_ptr<const AudioStore> MakeFolderStore(std::string folder, PathResolver paths);

// Recordings in memory: by their full names in the archive `archive`, of which those in `folder`
// are meant.
using AudioMembers = absl::flat_hash_map<std::string, std::string>;
std::shared_ptr<const AudioStore> MakeMemoryStore(std::string archive, std::string folder,
                                                  AudioMembers members);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_AUDIO_STORE_H_
