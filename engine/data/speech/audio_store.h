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

// A folder or an archive of recordings, read by name. Immutable, thread-safe.
class AudioStore {
 public:
  virtual ~AudioStore() = default;

  // Reads the first of NAME.wav, .mp3, .flac, .ogg and .sph that exists, and of the same in capital
  // letters. Returns NOT_FOUND if none does, otherwise the errors of ReadAudio(). Messages name the
  // file as in the Kurfile.
  virtual absl::StatusOr<Recording> Read(const std::string& name,
                                         const AudioLimits& limits) const = 0;
};

// Returns whether a name ends as those that AudioStore reads.
bool HasAudioExtension(const std::string& name);

// Returns the recordings in a folder. `folder` is its path in the Kurfile.
std::shared_ptr<const AudioStore> MakeFolderStore(std::string folder, PathResolver paths);

// The encoded recordings of an archive, by their paths in the archive.
using AudioMembers = absl::flat_hash_map<std::string, std::string>;
// Returns the recordings that `members` has in `folder`. `archive` names the archive in messages.
std::shared_ptr<const AudioStore> MakeMemoryStore(std::string archive, std::string folder,
                                                  AudioMembers members);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_AUDIO_STORE_H_
