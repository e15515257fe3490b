#include "engine/data/speech/classified_recordings.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/data/archive_members.h"
#include "engine/data/classified_files.h"
#include "engine/data/speech/audio_store.h"

namespace kur {
namespace {

// The recordings of a folder or an archive.
struct Recordings {
  std::set<std::string> names;  // paths without the extension
  std::shared_ptr<const AudioStore> audio;
  OtherFiles others;
};

std::string WithoutExtension(const std::string& path) { return path.substr(0, path.rfind('.')); }

absl::StatusOr<Recordings> OpenFolder(const std::string& folder, const std::string& display_path,
                                      const PathResolver& paths) {
  Recordings recordings;
  KUR_ASSIGN_OR_RETURN(const auto files,
                       ListFilesBelow(folder, HasAudioExtension, &recordings.others));
  for (const std::string& file : files) recordings.names.insert(WithoutExtension(file));
  recordings.audio = MakeFolderStore(display_path, paths);
  return recordings;
}

absl::StatusOr<Recordings> OpenArchive(const std::string& file, const std::string& display_path) {
  KUR_ASSIGN_OR_RETURN(ArchiveMembers read, ReadArchiveMembers(file, HasAudioExtension));
  Recordings recordings;
  AudioMembers members;
  for (auto& [path, content] : read.contents) {
    members[path] = std::move(content);
    recordings.names.insert(WithoutExtension(path));
  }
  recordings.others = std::move(read.others);
  recordings.audio = MakeMemoryStore(display_path, "", std::move(members));
  return recordings;
}

absl::StatusOr<ClassifiedRecordings> Classify(Recordings recordings, const ListedClasses& classes) {
  if (recordings.names.empty()) {
    const std::string left_out = recordings.others.Describe();
    return absl::InvalidArgumentError(absl::StrCat("holds no .wav, .mp3, .flac, .ogg or .sph",
                                                   left_out.empty() ? "" : "; ", left_out));
  }
  KUR_ASSIGN_OR_RETURN(ClassifiedFiles files,
                       ClassifyByFolder(recordings.names, classes, "recording"));
  ClassifiedRecordings classified;
  classified.corpus.names = std::move(files.files);
  classified.corpus.audio = std::move(recordings.audio);
  classified.classes = std::move(files.classes);
  classified.labels = std::move(files.labels);
  classified.others = std::move(recordings.others);
  return classified;
}

}  // namespace

absl::StatusOr<ClassifiedRecordings> OpenClassifiedRecordings(const std::string& file,
                                                              const std::string& display_path,
                                                              const PathResolver& paths,
                                                              const ListedClasses& classes) {
  auto recordings =
      IsDirectory(file) ? OpenFolder(file, display_path, paths) : OpenArchive(file, display_path);
  if (!recordings.ok()) return recordings.status();
  auto classified = Classify(*std::move(recordings), classes);
  if (!classified.ok()) return Annotate(classified.status(), display_path);
  return classified;
}

}  // namespace kur
