#ifndef KUR_ENGINE_DATA_SPEECH_CLASSIFIED_RECORDINGS_H_
#define KUR_ENGINE_DATA_SPEECH_CLASSIFIED_RECORDINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/data/classified_files.h"
#include "engine/data/speech/speech_corpus.h"

namespace kur {

// Recordings of which each has the name of its folder as its class.
struct ClassifiedRecordings {
  SpeechCorpus corpus;  // names and recordings, sorted by path; neither texts nor durations
  // As in ClassifiedFiles.
  std::vector<std::string> classes;
  std::vector<int64_t> labels;
  OtherFiles others;  // beside the recordings
};

// Opens a folder or a tar archive of recordings. `file` is its path on this machine, `display_path`
// the path in the Kurfile, for messages. Folders that are not listed are left out. Files whose
// paths differ only in the extension count as one recording. The encoded recordings of an archive
// stay in memory. Returns INVALID_ARGUMENT if there are no recordings, or as ClassifyByFolder().
absl::StatusOr<ClassifiedRecordings> OpenClassifiedRecordings(const std::string& file,
                                                              const std::string& display_path,
                                                              const PathResolver& paths,
                                                              const ListedClasses& classes);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_CLASSIFIED_RECORDINGS_H_
