#include "engine/data/speech/feature_sources.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/files_without_links.h"
#include "engine/base/parallel_for.h"
#include "engine/base/random.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "engine/data/named_source.h"
#include "engine/data/speech/feature_cache.h"
#include "engine/data/speech/feature_statistics.h"
#include "engine/data/speech/speech_features.h"
#include "engine/kurfile/specs/package.h"

namespace kur {
namespace {

// The random stream that selects the recordings to learn statistics from.
constexpr uint64_t kNormalizationStream = 2;
constexpr double kFramesPerSecond = 100;
// The name of the sampling rate in an encoding.
constexpr char kSamplingRate[] = "sampling_rate";

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

// The parts of statistics by their names in an encoding.
constexpr std::pair<const char*, std::vector<double> FeatureStatistics::*> kParts[] = {
    {"mean", &FeatureStatistics::mean},
    {"stddev", &FeatureStatistics::stddev},
    {"axes", &FeatureStatistics::axes},
    {"inverse_deviations", &FeatureStatistics::inverse_deviations},
};

// Returns the statistics that the model knows, if it does.
absl::StatusOr<std::optional<FeatureStatistics>> KnownStatistics(const Encoding* encoding) {
  FeatureStatistics statistics;
  for (const auto& [name, part] : kParts) {
    const auto known = encoding == nullptr ? nullptr : &encoding->statistics;
    if (known == nullptr || known->count(name) == 0) return std::optional<FeatureStatistics>();
    statistics.*part = known->at(name);
  }
  const size_t width = statistics.mean.size();
  if (statistics.stddev.size() != width || statistics.inverse_deviations.size() != width ||
      statistics.axes.size() != width * width) {
    return absl::DataLossError("the weights hold statistics whose parts do not fit together");
  }
  return std::make_optional(std::move(statistics));
}

bool AreEqual(const FeatureStatistics& a, const FeatureStatistics& b) {
  return std::all_of(std::begin(kParts), std::end(kParts),
                     [&](const auto& part) { return a.*part.second == b.*part.second; });
}

// Returns the statistics that the model knows or that the options' file has; otherwise learns them
// and writes the file. `source` is the model's name of the features.
absl::StatusOr<FeatureStatistics> FindStatistics(const std::string& source,
                                                 const FeatureOptions& options,
                                                 const FeatureExtractor& extract,
                                                 const FileReference& data, const std::string& key,
                                                 const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const auto known, KnownStatistics(context.model->Find(source)));
  const auto& file = options.normalization.path;
  if (file.has_value()) {
    const auto resolved = context.paths.ForReading(file->path);
    if (!resolved.ok() && !absl::IsNotFound(resolved.status())) {
      return ErrorAtFile(*file, resolved.status());
    }
    if (resolved.ok()) {
      KUR_ASSIGN_OR_RETURN(auto statistics, ReadStatistics(*file, *resolved));
      if (!known.has_value() || AreEqual(statistics, *known)) return statistics;
      return ErrorAtFile(
          *file, absl::InvalidArgumentError(absl::StrCat(
                     file->path, " holds other statistics than ", context.model->Owner(source),
                     " for '", source, "'; leave normalization.path out, or remove the file")));
    }
  }
  if (known.has_value()) return *known;
  if (context.model->TakeWarning() && !file.has_value()) {
    context.warn(absl::StrCat(key, ": ", context.model->Owner(source), " no word about how '",
                              source,
                              "' became numbers: it is normalized by what this data is like"));
  }
  std::vector<int64_t> order = Permutation(extract.size(), context.seed, kNormalizationStream);
  order.resize(static_cast<size_t>(std::min(extract.size(), options.normalization.depth)));
  auto statistics = LearnStatistics(extract, order, Threads(options));
  if (!statistics.ok()) return ErrorAtFile(data, statistics.status());
  if (!file.has_value()) return statistics;
  if (context.write == nullptr) {
    context.warn(absl::StrCat(key, ": there is no ", file->path,
                              "; the features are normalized by what this data is like"));
    return statistics;
  }
  KUR_RETURN_IF_ERROR(context.write(*file, FormatStatistics(*statistics)));
  return statistics;
}

// Returns the sampling rate that most of some recordings have; of several the highest. 0: none can
// be read, which is reported later.
int64_t UsualSamplingRate(const FeatureExtractor& extract, const FeatureOptions& options,
                          const std::string& key, const OpenContext& context) {
  constexpr int64_t kMaxRead = 25;
  std::vector<int64_t> order = Permutation(extract.size(), context.seed, kNormalizationStream);
  order.resize(static_cast<size_t>(std::min(extract.size(), kMaxRead)));
  std::vector<int64_t> rates(order.size(), 0);
  ParallelFor(static_cast<int64_t>(order.size()), Threads(options), [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    rates[at] = extract.ReadSamplingRate(order[at]).value_or(0);
  });
  std::map<int64_t, int64_t> counts;
  for (const int64_t rate : rates) counts[rate] += rate > 0 ? 1 : 0;
  int64_t usual = 0;
  for (const auto& [rate, count] : counts) {
    if (count >= counts[usual]) usual = rate;
  }
  counts.erase(0);
  if (counts.size() > 1) {
    context.tell(absl::StrCat(key,
                              ": the recordings differ in their sampling rates; all are taken "
                              "as ",
                              usual, " Hz, which sampling_rate can change"));
  }
  return usual;
}

// Returns the sampling rate of the features; 0: unknown, as nothing can be read.
absl::StatusOr<int64_t> FindSamplingRate(const std::string& source, const FeatureOptions& options,
                                         const FeatureExtractor& extract, const std::string& key,
                                         const OpenContext& context) {
  const Encoding* const encoding = context.model->Find(source);
  if (encoding == nullptr || encoding->statistics.count(kSamplingRate) == 0) {
    if (options.sampling_rate.has_value()) return *options.sampling_rate;
    return UsualSamplingRate(extract, options, key, context);
  }
  const auto& known = encoding->statistics.at(kSamplingRate);
  if (known.size() != 1 || !(known[0] > 0) || known[0] > 1e6) {
    return absl::DataLossError("the weights hold a sampling rate that cannot be");
  }
  const auto rate = static_cast<int64_t>(known[0]);
  if (options.sampling_rate.value_or(rate) == rate) return rate;
  return absl::InvalidArgumentError(
      absl::StrCat("sampling_rate is ", *options.sampling_rate, ", but ",
                   context.model->Owner(source), " ", rate, " for '", source,
                   "'; leave it out, and recordings are converted", context.model->WayOut(source)));
}

}  // namespace

absl::Status AddFeatureSources(const std::string& name, const FeatureOptions& options,
                               const SpeechCorpus& corpus, const AudioLimits& limits,
                               const FileReference& data, const std::string& key,
                               const OpenContext& context, SourceMap* sources) {
  FeatureExtractor extract(corpus, options.type == "mfcc", options.max_frequency, limits);
  const std::string source = context.NameOf(name);
  const auto rate = FindSamplingRate(source, options, extract, key, context);
  if (!rate.ok()) return ErrorAtFile(data, rate.status());
  if (*rate > 0) extract.set_sampling_rate(*rate);
  KUR_ASSIGN_OR_RETURN(const FeatureStatistics statistics,
                       FindStatistics(source, options, extract, data, key, context));
  if (context.model->is_learning()) {
    Encoding* const learnt = context.model->Learn(source);
    for (const auto& [part, values] : kParts) learnt->statistics[part] = statistics.*values;
    if (*rate > 0) learnt->statistics[kSamplingRate] = {static_cast<double>(*rate)};
  }
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
  const auto name_of = corpus.NamesOfSamples();
  (*sources)[name + "_length"] = WithNames(MakeFeatureLengthSource(cache), name_of);
  (*sources)[name] = WithNames(MakeFeatureSource(std::move(cache), padding), name_of);
  return absl::OkStatus();
}

}  // namespace kur
