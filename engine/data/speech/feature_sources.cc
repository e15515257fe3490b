#include "engine/data/speech/feature_sources.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/random.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "engine/data/speech/feature_statistics.h"
#include "engine/data/speech/speech_features.h"
#include "engine/data/speech/utterances.h"
#include "engine/kurfile/specs/package.h"

namespace kur {
namespace {

// A stream of the seed.
constexpr uint64_t kNormalizationStream = 2;
constexpr double kFramesPerSecond = 100;

int64_t Threads(const FeatureOptions& options) {
  return options.data_cpus.value_or(std::max(1u, std::thread::hardware_concurrency()));
}

absl::StatusOr<FeatureStatistics> ReadStatistics(const FileReference& file,
                                                 const std::string& resolved) {
  constexpr int64_t kMostBytes = int64_t{128} << 20;
  const auto text = FileSystem::Posix().Read(resolved, kMostBytes);
  if (!text.ok()) return ErrorAtFile(file, text.status(), resolved);
  auto statistics = ParseStatistics(*text, file.path);
  if (!statistics.ok()) return ErrorAtFile(file, statistics.status());
  return statistics;
}

// Those of the file or, where there is none, of some recordings that the seed chooses.
absl::StatusOr<FeatureStatistics> FindStatistics(const FeatureOptions& options,
                                                 const FeatureExtractor& extract,
                                                 const FileReference& data, const std::string& key,
                                                 const OpenContext& context) {
  const auto& file = options.normalization.path;
  if (file.has_value()) {
    const auto resolved = context.paths.ForReading(file->path);
    if (resolved.ok()) return ReadStatistics(*file, *resolved);
    if (!absl::IsNotFound(resolved.status())) return ErrorAtFile(*file, resolved.status());
  }
  std::vector<int64_t> order = Permutation(extract.size(), context.seed, kNormalizationStream);
  order.resize(static_cast<size_t>(std::min(extract.size(), options.normalization.depth)));
  auto statistics = LearnStatistics(extract, order, Threads(options));
  if (!statistics.ok()) return ErrorAtFile(data, statistics.status());
  if (!file.has_value()) return statistics;
  if (context.write == nullptr) {
    context.warn(absl::StrCat(key, ": there is no ", file->path,
                              "; the features are normalized by what these data are like"));
    return statistics;
  }
  KUR_RETURN_IF_ERROR(context.write(*file, FormatStatistics(*statistics)));
  return statistics;
}

}  // namespace

absl::Status AddFeatures(const std::string& name, const FeatureOptions& options,
                         const SpeechCorpus& corpus, const AudioLimits& limits,
                         const FileReference& data, const std::string& key,
                         const OpenContext& context, SourceMap* sources) {
  const FeatureExtractor extract(corpus, options.type == "mfcc", options.max_frequency, limits);
  KUR_ASSIGN_OR_RETURN(const FeatureStatistics statistics,
                       FindStatistics(options, extract, data, key, context));
  const NormalizationSpec& normalization = options.normalization;
  Utterances::Options made;
  made.size = corpus.size();
  made.threads = Threads(options);
  made.most_cached_bytes = TotalMemoryBytes() / 8;
  made.compute = extract;
  made.normalizer = std::make_shared<const FeatureNormalizer>(
      statistics,
      FeatureNormalizer::Options{normalization.center, normalization.scale, normalization.rotate});
  made.warn = [warn = context.warn, key](const std::string& text) {
    warn(absl::StrCat(key, ": ", text));
  };
  auto utterances = std::make_shared<const Utterances>(std::move(made));
  UtterancePadding padding;
  padding.loop = options.fill == "loop";
  if (options.bucket.has_value()) {
    padding.bucket = std::max<int64_t>(1, std::lrint(*options.bucket * kFramesPerSecond));
  }
  (*sources)[name + "_length"] = MakeUtteranceLengthSource(utterances);
  (*sources)[name] = MakeUtteranceSource(std::move(utterances), padding);
  return absl::OkStatus();
}

}  // namespace kur
