#include "engine/data/speech/feature_sources.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/files_without_links.h"
#include "engine/base/random.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "engine/data/speech/feature_cache.h"
#include "engine/data/speech/feature_statistics.h"
#include "engine/data/speech/speech_features.h"
#include "engine/kurfile/specs/package.h"

namespace kur {
namespace {

// The random stream that selects the recordings to learn statistics from.
constexpr uint64_t kNormalizationStream = 2;
constexpr double kFramesPerSecond = 100;

int64_t Threads(const FeatureOptions& options) {
  return options.data_cpus.value_or(std::max(1u, std::thread::hardware_concurrency()));
}

absl::StatusOr<FeatureStatistics> ReadStatistics(const FileReference& file,
                                                 const std::string& resolved) {
  constexpr int64_t kMaxBytes = int64_t{128} << 20;
  const auto text = FilesWithoutLinks().Read(resolved, kMaxBytes);
  if (!text.ok()) return ErrorAtFile(file, text.status(), resolved);
  auto statistics = ParseStatistics(*text, file.path);
  if (!statistics.ok()) return ErrorAtFile(file, statistics.status());
  return statistics;
}

// Reads the statistics from the options' file, or learns them and writes the file.
absl::StatusOr<FeatureStatistics> ReadOrLearnStatistics(const FeatureOptions& options,
                                                        const FeatureExtractor& extract,
                                                        const FileReference& data,
                                                        const std::string& key,
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

absl::Status AddFeatureSources(const std::string& name, const FeatureOptions& options,
                               const SpeechCorpus& corpus, const AudioLimits& limits,
                               const FileReference& data, const std::string& key,
                               const OpenContext& context, SourceMap* sources) {
  const FeatureExtractor extract(corpus, options.type == "mfcc", options.max_frequency, limits);
  KUR_ASSIGN_OR_RETURN(const FeatureStatistics statistics,
                       ReadOrLearnStatistics(options, extract, data, key, context));
  const NormalizationSpec& normalization = options.normalization;
  FeatureCache::Options cache_options;
  cache_options.size = corpus.size();
  cache_options.threads = Threads(options);
  cache_options.max_cached_bytes = TotalMemoryBytes() / 8;
  cache_options.compute = extract;
  cache_options.normalizer = std::make_shared<const FeatureNormalizer>(
      statistics,
      FeatureNormalizer::Options{normalization.center, normalization.scale, normalization.rotate});
  cache_options.warn = [warn = context.warn, key](const std::string& text) {
    warn(absl::StrCat(key, ": ", text));
  };
  auto cache = std::make_shared<const FeatureCache>(std::move(cache_options));
  FeaturePadding padding;
  padding.loop = options.fill == "loop";
  if (options.bucket.has_value()) {
    padding.bucket = std::max<int64_t>(1, std::lrint(*options.bucket * kFramesPerSecond));
  }
  (*sources)[name + "_length"] = MakeFeatureLengthSource(cache);
  (*sources)[name] = MakeFeatureSource(std::move(cache), padding);
  return absl::OkStatus();
}

}  // namespace kur
