#include "engine/data/audio_classes.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/base/system_memory.h"
#include "engine/data/audio_store.h"
#include "engine/data/tar_reader.h"

namespace kur {
namespace {

constexpr int kMostFolders = 100'000;

// Recordings by their paths without the ending, wherever they lie.
struct Recordings {
  std::set<std::string> names;
  std::shared_ptr<const AudioStore> audio;
};

std::string WithoutEnding(const std::string& path) { return path.substr(0, path.rfind('.')); }

constexpr char kNoFolder[] = ".";

// kNoFolder for what lies at the top.
std::string ClassOf(const std::string& name) { return BaseName(DirectoryOf(name)); }

// Adds what lies in `folder`, relative to it. Links to folders are not followed.
absl::Status AddFolder(const std::string& folder, const std::string& relative, int* folders,
                       std::set<std::string>* names) {
  if (++*folders > kMostFolders) {
    return absl::InvalidArgumentError(absl::StrCat("has more than ", kMostFolders, " folders"));
  }
  KUR_ASSIGN_OR_RETURN(const auto entries, ListDirectory(folder));
  for (const std::string& entry : entries) {
    const std::string inner = JoinPath(folder, entry);
    const std::string path = JoinPath(relative, entry);
    std::error_code error;
    if (!IsDirectory(inner)) {
      if (IsAudioName(entry)) names->insert(WithoutEnding(path));
    } else if (!std::filesystem::is_symlink(inner, error)) {
      KUR_RETURN_IF_ERROR(AddFolder(inner, path, folders, names));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Recordings> OpenFolder(const std::string& folder, const std::string& shown,
                                      const PathResolver& paths) {
  Recordings recordings;
  int folders = 0;
  KUR_RETURN_IF_ERROR(AddFolder(folder, "", &folders, &recordings.names));
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

absl::Status CheckFolders(const Recordings& recordings, const std::set<std::string>& folders) {
  if (recordings.names.empty()) {
    return absl::InvalidArgumentError("holds no .wav, .mp3, .flac or .ogg");
  }
  if (folders.count(kNoFolder) == 0) return absl::OkStatus();
  const auto lost =
      std::find_if(recordings.names.begin(), recordings.names.end(),
                   [](const std::string& name) { return ClassOf(name) == kNoFolder; });
  return absl::InvalidArgumentError(
      absl::StrCat("the recording ", *lost, " lies in no folder that names its class"));
}

absl::StatusOr<AudioClasses> Sort(Recordings recordings, const std::vector<std::string>& classes) {
  std::set<std::string> folders;
  for (const std::string& name : recordings.names) folders.insert(ClassOf(name));
  KUR_RETURN_IF_ERROR(CheckFolders(recordings, folders));
  AudioClasses sorted;
  sorted.classes = classes;
  if (classes.empty()) sorted.classes.assign(folders.begin(), folders.end());
  std::map<std::string, int64_t> numbers;
  for (const std::string& name : sorted.classes) {
    if (folders.count(name) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("there are no recordings in a folder '", name, "'",
                       DidYouMean(name, {folders.begin(), folders.end()})));
    }
    numbers.emplace(name, static_cast<int64_t>(numbers.size()));
  }
  for (const std::string& name : recordings.names) {
    const auto number = numbers.find(ClassOf(name));
    if (number == numbers.end()) continue;
    sorted.corpus.names.push_back(name);
    sorted.labels.push_back(number->second);
  }
  sorted.corpus.audio = std::move(recordings.audio);
  return sorted;
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
