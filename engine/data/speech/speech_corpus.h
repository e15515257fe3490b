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

// A data set of recorded speech: its metadata, and the store of its recordings.
struct SpeechCorpus {
  std::vector<std::string> names;             // of the recordings in `audio`
  std::vector<double> durations;              // seconds
  std::vector<TranscriptColumn> transcripts;  // one for each of SpeechCorpusOptions::text_keys
  std::shared_ptr<const AudioStore> audio;

  int64_t size() const { return static_cast<int64_t>(names.size()); }
  // Returns what gives sources of the corpus the names of its recordings.
  std::function<std::string(int64_t)> NamesOfSamples() const;
  // Keeps the utterances at `indices`, in that order.
  void Select(const std::vector<int64_t>& indices);
};

struct SpeechCorpusOptions {
  // The metadata's keys of transcripts.
  std::vector<std::string> text_keys = {"text"};
  // Utterances that are shorter or longer than this are left out; seconds. A lower maximum saves
  // memory, as all utterances of a batch are padded to the longest.
  double min_duration = 0;
  double max_duration = 1e9;
  // Receives a message about each metadata line that is left out as malformed.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
};

// Opens recorded speech: a folder, a tar archive or a .jsonl file. `file` is its path on this
// machine, `display_path` the path in the Kurfile, for messages.
//
// The metadata are one line of JSON for each utterance, in the first *.jsonl whose name does not
// begin with a dot; outer folders come first. The recordings lie in the folder `audio` beside that
// file. The encoded recordings of an archive stay in memory.
//
// Returns INVALID_ARGUMENT if there are no metadata, if no utterance is left, or if fewer than half
// of the lines up to some line from the tenth on are well-formed.
absl::StatusOr<SpeechCorpus> OpenSpeechCorpus(const std::string& file,
                                              const std::string& display_path,
                                              const PathResolver& paths,
                                              const SpeechCorpusOptions& options);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_SPEECH_CORPUS_H_
