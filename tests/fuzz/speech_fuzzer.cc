// Any bytes as recorded speech and as classified recordings: the lines of a .jsonl, and an archive.

#include "engine/data/speech/classified_recordings.h"
#include "engine/data/speech/speech_corpus.h"
#include "tests/fuzz/fuzzing.h"

namespace {

using kur::fuzz::Require;

kur::AudioLimits Limits() {
  kur::AudioLimits limits;
  limits.max_seconds = 1;
  return limits;
}

void RequireWellFormed(const absl::StatusOr<kur::SpeechCorpus>& corpus) {
  if (!corpus.ok()) return kur::fuzz::RequireRefusal(corpus.status());
  Require(corpus->size() > 0 && corpus->durations.size() == corpus->names.size());
  for (const kur::TranscriptColumn& column : corpus->transcripts) {
    Require(column.size() == corpus->size());
    const auto vocabulary = kur::Vocabulary::Create(column.Elements());
    if (vocabulary.ok()) Require(column.Build(*vocabulary, std::nullopt, false).ok());
  }
  corpus->audio->Read(corpus->names.front(), Limits()).status().IgnoreError();
}

void RequireWellFormed(const absl::StatusOr<kur::ClassifiedRecordings>& recordings) {
  if (!recordings.ok()) return kur::fuzz::RequireRefusal(recordings.status());
  Require(recordings->corpus.size() > 0);
  Require(recordings->labels.size() == recordings->corpus.names.size());
  for (const int64_t label : recordings->labels) {
    Require(label >= 0 && label < static_cast<int64_t>(recordings->classes.size()));
  }
  recordings->corpus.audio->Read(recordings->corpus.names.front(), Limits()).status().IgnoreError();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const kFolder = new kur::TemporaryDirectory;
  kur::PathResolver::Options options;
  options.workspace = kFolder->path();
  const kur::PathResolver paths(std::move(options));
  const std::string content(kur::fuzz::Text(data, size));
  const std::string lines = kFolder->Write("s.jsonl", content);
  const std::string archive = kFolder->Write("s.tar", content);
  kur::SpeechCorpusOptions corpus;
  corpus.max_duration = 60;
  RequireWellFormed(kur::OpenSpeechCorpus(lines, "s.jsonl", paths, corpus));
  RequireWellFormed(kur::OpenSpeechCorpus(archive, "s.tar", paths, corpus));
  RequireWellFormed(kur::OpenClassifiedRecordings(archive, "s.tar", paths, {}));
  return 0;
}
