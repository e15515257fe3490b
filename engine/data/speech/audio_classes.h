#ifndef KUR_ENGINE_DATA_SPEECH_AUDIO_CLASSES_H_
#define KUR_ENGINE_DATA_SPEECH_AUDIO_CLASSES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/data/speech/speech_corpus.h"

namespace kur {

// Recordings whose class is the name of the folder in which each lies.
struct AudioClasses {
  SpeechCorpus corpus;  // names and recordings, sorted by their paths; neither texts nor durations
  std::vector<std::string> classes;
  std::vector<int64_t> labels;  // of each recording, an index into `classes`
};

// Opens a folder or a tar archive by its place on this machine, `file`, and by the path that the
// Kurfile has for it, `shown`. Without `classes`, the classes are the names of all folders with
// recordings, sorted; otherwise other folders are left out. Of recordings that differ in their
// ending only, one counts. Those of an archive are kept in memory, as they are. INVALID_ARGUMENT if
// a recording lies in no folder, if there is none, or none of a class that is listed.
absl::StatusOr<AudioClasses> OpenAudioClasses(const std::string& file, const std::string& shown,
                                              const PathResolver& paths,
                                              const std::vector<std::string>& classes);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_AUDIO_CLASSES_H_
