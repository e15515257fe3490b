#include "engine/data/speech/speech_corpus.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"
#include "engine/data/archive_members.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

using nlohmann::json;

constexpr int64_t kMaxMetadataBytes = int64_t{1} << 30;
constexpr size_t kMaxLineBytes = size_t{1} << 20;
constexpr int kMaxFolders = 10'000;
// From this line on, at least half of the lines so far must be well-formed.
constexpr int64_t kCheckedLine = 10;
constexpr int kMaxWarnings = 10;

// The metadata of a corpus, and the recordings beside it.
struct Metadata {
  std::string name;  // for messages
  std::string content;
  std::shared_ptr<const AudioStore> audio;
};

bool IsMetadataName(const std::string& name) {
  return absl::EndsWithIgnoreCase(name, ".jsonl") && !absl::StartsWith(BaseName(name), ".");
}

std::string AudioFolder(const std::string& metadata) {
  return JoinPath(DirectoryOf(metadata), "audio");
}

// Parses lines of metadata into a corpus.
class MetadataReader {
 public:
  MetadataReader(const Metadata& metadata, const SpeechCorpusOptions& options)
      : metadata_(metadata), options_(options) {
    corpus_.transcripts.resize(options.text_keys.size());
    corpus_.audio = metadata.audio;
  }

  absl::StatusOr<SpeechCorpus> Read() && {
    absl::string_view rest = metadata_.content;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const absl::string_view line = absl::StripAsciiWhitespace(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      ++line_;
      if (line_ >= kCheckedLine && 2 * good_ < line_) return TooManyBad();
      if (!line.empty()) ReadLine(line);
    }
    if (bad_ > kMaxWarnings) {
      options_.warn(absl::StrCat(metadata_.name, ": left out ", bad_ - kMaxWarnings,
                                 " lines more that are not as they should be"));
    }
    if (corpus_.size() > 0) return std::move(corpus_);
    return absl::InvalidArgumentError(
        absl::StrCat(metadata_.name, ": ", good_,
                     " utterances were found, of which none lasts as long as it should"));
  }

 private:
  absl::Status TooManyBad() const {
    return absl::InvalidArgumentError(absl::StrCat(
        metadata_.name, ":", line_, ": fewer than half of the lines up to here are good",
        last_problem_.empty() ? "" : "; the last bad one: ", last_problem_));
  }

  void Warn(const std::string& problem) {
    last_problem_ = absl::StrCat("line ", line_, " ", problem);
    if (++bad_ > kMaxWarnings) return;
    options_.warn(absl::StrCat(metadata_.name, ":", line_, ": left out, as it ", problem));
  }

  void ReadLine(absl::string_view line) {
    if (line.size() > kMaxLineBytes) return Warn("is longer than 1 MiB");
    const json entry = json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object()) return Warn("is no JSON dictionary");
    const std::optional<std::string> name = Name(entry);
    if (!name.has_value()) return Warn("has no 'uuid', which names the recording");
    const auto duration = entry.find("duration_s");
    if (duration == entry.end() || !duration->is_number() ||
        !std::isfinite(duration->get<double>())) {
      return Warn("has no number 'duration_s'");
    }
    for (const std::string& key : options_.text_keys) {
      if (!IsTranscript(entry, key)) {
        return Warn(absl::StrCat("has no '", key, "' that is a string or a list of strings"));
      }
    }
    ++good_;
    const auto seconds = duration->get<double>();
    if (seconds < options_.min_duration || seconds > options_.max_duration) return;
    corpus_.names.push_back(*name);
    corpus_.durations.push_back(seconds);
    for (size_t i = 0; i < options_.text_keys.size(); ++i) {
      const json& text = entry[options_.text_keys[i]];
      if (text.is_string()) {
        corpus_.transcripts[i].AddText(text.get_ref<const std::string&>());
      } else {
        corpus_.transcripts[i].AddElements(text.get<std::vector<std::string>>());
      }
    }
  }

  static std::optional<std::string> Name(const json& entry) {
    const auto found = entry.find("uuid");
    if (found == entry.end()) return std::nullopt;
    if (found->is_number_integer()) return found->dump();
    if (!found->is_string() || found->get_ref<const std::string&>().empty()) return std::nullopt;
    return found->get<std::string>();
  }

  static bool IsTranscript(const json& entry, const std::string& key) {
    const auto found = entry.find(key);
    if (found == entry.end()) return false;
    return found->is_string() ||
           (found->is_array() && std::all_of(found->begin(), found->end(),
                                             [](const json& item) { return item.is_string(); }));
  }

  const Metadata& metadata_;
  const SpeechCorpusOptions& options_;
  SpeechCorpus corpus_;
  std::string last_problem_;
  int64_t line_ = 0;
  int64_t good_ = 0;
  int bad_ = 0;
};

// Finds the first metadata file below `folder`: outer folders first, names sorted. Links to folders
// are not followed. Returns its path, appended to `relative`. Counts the folders visited.
absl::StatusOr<std::optional<std::string>> FindMetadata(const std::string& folder,
                                                        const std::string& relative, int* folders) {
  if (++*folders > kMaxFolders) {
    return absl::InvalidArgumentError(absl::StrCat("has more than ", kMaxFolders,
                                                   " folders and no *.jsonl in the first of them"));
  }
  KUR_ASSIGN_OR_RETURN(const auto names, FilesWithoutLinks().ListDirectory(folder));
  for (const std::string& name : names) {
    if (IsMetadataName(name) && !IsDirectory(JoinPath(folder, name))) {
      return std::optional<std::string>(JoinPath(relative, name));
    }
  }
  for (const std::string& name : names) {
    const std::string inner = JoinPath(folder, name);
    std::error_code error;
    if (std::filesystem::is_symlink(inner, error) || !IsDirectory(inner)) continue;
    KUR_ASSIGN_OR_RETURN(auto found, FindMetadata(inner, JoinPath(relative, name), folders));
    if (found.has_value()) return found;
  }
  return std::optional<std::string>();
}

absl::StatusOr<Metadata> OpenFile(const std::string& display_path, const PathResolver& paths) {
  KUR_ASSIGN_OR_RETURN(const std::string file, paths.ForReading(display_path));
  Metadata metadata;
  metadata.name = display_path;
  KUR_ASSIGN_OR_RETURN(metadata.content, FilesWithoutLinks().Read(file, kMaxMetadataBytes));
  metadata.audio = MakeFolderStore(AudioFolder(display_path), paths);
  return metadata;
}

absl::Status NoMetadata(const std::string& display_path) {
  return absl::InvalidArgumentError(absl::StrCat(
      display_path, " holds no *.jsonl: the file with a line of JSON for each utterance"));
}

absl::StatusOr<Metadata> OpenFolder(const std::string& folder, const std::string& display_path,
                                    const PathResolver& paths) {
  int folders = 0;
  auto found = FindMetadata(folder, "", &folders);
  if (!found.ok()) return Annotate(found.status(), display_path);
  if (!found->has_value()) return NoMetadata(display_path);
  return OpenFile(JoinPath(display_path, **found), paths);
}

// Whether the file `a` of an archive comes before `b`, as FindMetadata() looks for it in folders.
bool ComesFirst(const std::string& a, const std::string& b) {
  const std::vector<std::string> left = absl::StrSplit(a, '/');
  const std::vector<std::string> right = absl::StrSplit(b, '/');
  for (size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    const bool left_is_folder = i + 1 < left.size();
    const bool right_is_folder = i + 1 < right.size();
    if (left_is_folder != right_is_folder) return right_is_folder;
    if (left[i] != right[i]) return left[i] < right[i];
  }
  return false;
}

absl::StatusOr<Metadata> OpenArchive(const std::string& file, const std::string& display_path) {
  KUR_ASSIGN_OR_RETURN(ArchiveMembers read, ReadArchiveMembers(file, [](const std::string& path) {
                         return HasAudioExtension(path) || IsMetadataName(BaseName(path));
                       }));
  std::optional<std::string> name;
  AudioMembers members;
  for (auto& [path, content] : read.contents) {
    if (HasAudioExtension(path)) {
      members[path] = std::move(content);
    } else if (!name.has_value() || ComesFirst(path, *name)) {
      name = path;
    }
  }
  if (!name.has_value()) return NoMetadata(display_path);
  Metadata metadata;
  metadata.name = absl::StrCat(display_path, ": ", *name);
  metadata.content = std::move(read.contents[*name]);
  const std::string folder = *NormalizeRelativePath(AudioFolder(*name));
  metadata.audio = MakeMemoryStore(display_path, folder, std::move(members));
  return metadata;
}

absl::StatusOr<Metadata> Open(const std::string& file, const std::string& display_path,
                              const PathResolver& paths) {
  if (IsDirectory(file)) return OpenFolder(file, display_path, paths);
  if (absl::EndsWithIgnoreCase(display_path, ".jsonl")) return OpenFile(display_path, paths);
  return OpenArchive(file, display_path);
}

}  // namespace

std::function<std::string(int64_t)> SpeechCorpus::NamesOfSamples() const {
  return [shared = std::make_shared<const std::vector<std::string>>(names)](int64_t index) {
    return (*shared)[static_cast<size_t>(index)];
  };
}

void SpeechCorpus::Select(const std::vector<int64_t>& indices) {
  std::vector<std::string> kept_names;
  std::vector<double> kept_durations;
  for (const int64_t index : indices) {
    kept_names.push_back(std::move(names[static_cast<size_t>(index)]));
    kept_durations.push_back(durations[static_cast<size_t>(index)]);
  }
  names = std::move(kept_names);
  durations = std::move(kept_durations);
  for (TranscriptColumn& column : transcripts) column.Select(indices);
}

absl::StatusOr<SpeechCorpus> OpenSpeechCorpus(const std::string& file,
                                              const std::string& display_path,
                                              const PathResolver& paths,
                                              const SpeechCorpusOptions& options) {
  KUR_ASSIGN_OR_RETURN(const Metadata metadata, Open(file, display_path, paths));
  return MetadataReader(metadata, options).Read();
}

}  // namespace kur
