#include "engine/data/speech/audio_classes.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "engine/data/classified_files.h"
#include "engine/data/speech/audio_store.h"
#include "engine/formats/tar_reader.h"

namespace kur {
namespace {

// Recordings by their paths without the ending, wherever they lie.
struct Recordings {
  std::set<std::string> names;
  std::shared_ptr<const AudioStore> audio;
};

std::string WithoutEnding(const std::string& path) { return path.substr(0, path.rfind('.')); }

absl::StatusOr<Recordings> OpenFolder(const std::string& folder, const std::string& shown,
                                      const PathResolver& paths) {
  KUR_ASSIGN_OR_RETURN(const auto files, ListFilesBelow(folder, IsAudioName));
  Recordings recordings;
  for (const std::string& file : files) recordings.names.insert(WithoutEnding(file));
  recordings.audio = MakeFolderStore(shown, paths);
  return recordings;
}

absl::StatusOr<Recordings> OpenArchive(const std::string& file, const std::string& shown) {
  TarLimits limits;
  limits.max_bytes = std::min(limits.max_bytes, TotalMemoryBytes() / 2);
  limits.max_members = 10'000'000;
  KUR_ASSIGN_OR_RETURN(const auto reader, TarReader::Open(file, limits));
  Recordings recordings;
  AudioMembers members;
  while (true) {
    KUR_ASSIGN_OR_RETURN(const auto member, reader->Next());
    if (!member.has_value()) break;
    const auto path = NormalizeRelativePath(member->name);
    if (!path.ok() || !IsAudioName(*path)) continue;
    KUR_ASSIGN_OR_RETURN(members[*path], reader->ReadContent());
    recordings.names.insert(WithoutEnding(*path));
  }
  recordings.audio = MakeMemoryStore(shown, "", std::move(members));
  return recordings;
}

absl::StatusOr<AudioClasses> Sort(Recordings recordings, const std::vector<std::string>& classes) {
  if (recordings.names.empty()) {
    return absl::InvalidArgumentError("holds no .wav, .mp3, .flac or .ogg");
  }
  KUR_ASSIGN_OR_RETURN(ClassifiedFiles sorted,
                       ClassifyByFolder(recordings.names, classes, "recording"));
  AudioClasses audio;
  audio.corpus.names = std::move(sorted.files);
  audio.corpus.audio = std::move(recordings.audio);
  audio.classes = std::move(sorted.classes);
  audio.labels = std::move(sorted.labels);
  return audio;
}

}  // namespace

absl::StatusOr<AudioClasses> OpenAudioClasses(const std::string& file, const std::string& shown,
                                              const PathResolver& paths,
                                              const std::vector<std::string>& classes) {
  auto recordings = IsDirectory(file) ? OpenFolder(file, shown, paths) : OpenArchive(file, shown);
  if (!recordings.ok()) return recordings.status();
  auto sorted = Sort(*std::move(recordings), classes);
  if (!sorted.ok()) return Annotate(sorted.status(), shown);
  return sorted;
}

}  // namespace kur
