#ifndef KUR_ENGINE_DATA_SPEECH_FEATURE_SOURCES_H_
#define KUR_ENGINE_DATA_SPEECH_FEATURE_SOURCES_H_

#include <string>

#include "absl/status/status.h"
#include "engine/data/source.h"
#include "engine/data/speech/feature_options.h"
#include "engine/data/speech/speech_corpus.h"
#include "engine/data/supplier.h"
#include "engine/formats/audio.h"

namespace kur {

// Adds the normalized features of the recordings of a corpus as the source `name`, and the number
// of their frames as `name`_length. `data` is where the Kurfile names the recordings, `key` that of
// the supplier. The statistics are those of the file that the options name or, where there is none,
// are learned from some recordings that the context's seed chooses, and written there.
absl::Status AddFeatures(const std::string& name, const FeatureOptions& options,
                         const SpeechCorpus& corpus, const AudioLimits& limits,
                         const FileReference& data, const std::string& key,
                         const OpenContext& context, SourceMap* sources);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_FEATURE_SOURCES_H_
