#include "engine/data/speech/audio_store.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"

namespace kur {
namespace {

// In order of preference.
constexpr const char* kExtensions[] = {".wav", ".mp3", ".flac", ".ogg", ".sph",
                                       ".WAV", ".MP3", ".FLAC", ".OGG", ".SPH"};

absl::Status NoRecording(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("there is no ", name, ".wav, .mp3, .flac, .ogg or .sph"));
}

class FolderStore : public AudioStore {
 public:
  FolderStore(std::string folder, PathResolver paths)
      : folder_(std::move(folder)), paths_(std::move(paths)) {}

  absl::StatusOr<Recording> Read(const std::string& name,
                                 const AudioLimits& limits) const override {
    const std::string path = JoinPath(folder_, name);
    for (const char* extension : kExtensions) {
      const auto file = paths_.ForReading(path + extension);
      if (absl::IsNotFound(file.status())) continue;
      if (!file.ok()) return file.status();
      auto recording = ReadAudio(*file, limits);
      if (recording.ok()) return recording;
      return absl::Status(recording.status().code(),
                          absl::StrReplaceAll(recording.status().message(),
                                              {{*file, absl::StrCat(path, extension)}}));
    }
    return NoRecording(path);
  }

 private:
  std::string folder_;
  PathResolver paths_;
};

class MemoryStore : public AudioStore {
 public:
  MemoryStore(std::string archive, std::string folder, AudioMembers members)
      : archive_(std::move(archive)), folder_(std::move(folder)), members_(std::move(members)) {}

  absl::StatusOr<Recording> Read(const std::string& name,
                                 const AudioLimits& limits) const override {
    const std::string path = JoinPath(folder_, name);
    for (const char* extension : kExtensions) {
      const auto member = members_.find(absl::StrCat(path, extension));
      if (member == members_.end()) continue;
      auto recording = DecodeAudio(member->second, limits);
      if (recording.ok()) return recording;
      return Annotate(recording.status(), absl::StrCat(archive_, ": ", member->first));
    }
    return Annotate(NoRecording(path), archive_);
  }

 private:
  std::string archive_;
  std::string folder_;
  AudioMembers members_;
};

}  // namespace

bool HasAudioExtension(const std::string& name) {
  for (const char* extension : kExtensions) {
    if (absl::EndsWith(name, extension)) return true;
  }
  return false;
}

std::shared_ptr<const AudioStore> MakeFolderStore(std::string folder, PathResolver paths) {
  return std::make_shared<FolderStore>(std::move(folder), std::move(paths));
}

std::shared_ptr<const AudioStore> MakeMemoryStore(std::string archive, std::string folder,
                                                  AudioMembers members) {
  return std::make_shared<MemoryStore>(std::move(archive), std::move(folder), std::move(members));
}

}  // namespace kur
