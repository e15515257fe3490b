#ifndef KUR_ENGINE_DATA_SPEECH_SPEECH_CORPUS_H_
#define KUR_ENGINE_DATA_SPEECH_SPEECH_CORPUS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/data/columns/transcript_column.h"
#include "engine/data/speech/audio_store.h"

namespace kur {

// What the metadata of recorded speech say: one line of JSON for each utterance.
struct SpeechCorpus {
  std::vector<std::string> names;             // of the recordings in `audio`
  std::vector<double> durations;              // seconds
  std::vector<TranscriptColumn> transcripts;  // one for each of the options' text keys
  std::shared_ptr<const AudioStore> audio;

  int64_t size() const { return static_cast<int64_t>(names.size()); }
  // Keeps the utterances at `indices`, in that order.
  void Select(const std::vector<int64_t>& indices);
};

struct SpeechCorpusOptions {
  std::vector<std::string> text_keys = {"text"};
  // Utterances that last less or more, in seconds, are left out.
  double min_duration = 0;
  double max_duration = 1e9;
  // Hears of lines that are left out, because they are not what they should be.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
};

// Opens a folder, a tar archive or a .jsonl file, by its place on this machine, `file`, and by the
// path that the Kurfile has for it, `shown`. The metadata are the first *.jsonl that does not begin
// with a dot, outer folders first; the recordings lie in the folder `audio` beside it. Those of an
// archive are kept in memory, as they are. INVALID_ARGUMENT if there are no metadata, if from their
// tenth line on fewer than half of the lines are good, or if no utterance is left.
absl::StatusOr<SpeechCorpus> OpenSpeechCorpus(const std::string& file, const std::string& shown,
                                              const PathResolver& paths,
                                              const SpeechCorpusOptions& options);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_SPEECH_CORPUS_H_
