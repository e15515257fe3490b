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

// Adds two sources to `sources`: `name`, the normalized features of the corpus' recordings, and
// `name`_length, their numbers of frames. The statistics for the normalization come from the file
// that the options name. If that file does not exist, they are learned from recordings that the
// context's seed selects, and are written to the file. `data` and `key` locate the recordings and
// the supplier in the Kurfile, for messages.
absl::Status AddFeatureSources(const std::string& name, const FeatureOptions& options,
                               const SpeechCorpus& corpus, const AudioLimits& limits,
                               const FileReference& data, const std::string& key,
                               const OpenContext& context, SourceMap* sources);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_FEATURE_SOURCES_H_
