// speech_recognition: recorded speech with its transcripts.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/data/package.h"
#include "engine/data/speech_options.h"
#include "engine/kurfile/supplier_spec.h"

#ifdef KUR_RUNTIME
#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "engine/data/array_source.h"
#include "engine/data/feature_statistics.h"
#include "engine/data/permutation.h"
#include "engine/data/speech_corpus.h"
#include "engine/data/speech_features.h"
#include "engine/data/supplier.h"
#include "engine/data/utterances.h"
#endif

namespace kur {
namespace {

constexpr int64_t kMfccFeatures = 13;

struct SpeechRecognitionSpec : SupplierSpec, Package {
  bool unpack = true;
  std::string type = "spec";
  NormalizationSpec normalization;
  std::optional<double> min_duration;
  std::optional<double> max_duration;
  std::optional<double> max_frequency;
  Value vocab;
  Value unknown;
  std::optional<SampleRange> samples;
  std::string fill = "zero";
  std::vector<std::string> text_keys = {"text"};
  std::optional<double> bucket;
  std::optional<int64_t> data_cpus;
  // Of `vocab` and `unknown`: one for each text key.
  std::vector<VocabularySpec> vocabularies;
  std::vector<std::optional<std::string>> unknowns;

  std::string kind() const override { return "speech_recognition"; }

  std::vector<FileReference> Files() const override {
    std::vector<FileReference> files = {File()};
    if (normalization.path.has_value()) files.push_back(*normalization.path);
    for (const VocabularySpec& vocabulary : vocabularies) {
      const auto* file = std::get_if<FileReference>(&vocabulary);
      if (file != nullptr) files.push_back(*file);
    }
    return files;
  }

  std::vector<FileReference> Outputs() const override {
    if (!normalization.path.has_value()) return {};
    return {*normalization.path};
  }

  // How many features a frame of a spectrogram has depends on the recordings' sampling rate.
  std::map<std::string, Shape> KnownShapes() const override {
    std::map<std::string, Shape> shapes = {
        {"utterance", {kUnknown, type == "mfcc" ? kMfccFeatures : kUnknown}},
        {"utterance_length", {1}},
        {"duration", {1}}};
    for (const std::string& key : text_keys) {
      shapes[TranscriptName(key)] = {kUnknown};
      shapes[TranscriptName(key) + "_length"] = {1};
    }
    return shapes;
  }

  std::string TranscriptName(const std::string& key) const {
    return text_keys.size() > 1 ? key + "_transcript" : "transcript";
  }
};

const Fields<SpeechRecognitionSpec>& SpeechRecognitionFields() {
  using Spec = SpeechRecognitionSpec;
  static const auto* const kFields = new Fields<Spec>(
      Fields<Spec>()
          .Optional("url", &Spec::url, "where the archive can be downloaded")
          .Example("https://example.org/speech.tar.gz")
          .Optional("path", &Spec::path,
                    "the archive, the folder unpacked from it, its .jsonl file, or the folder of "
                    "the file that url names")
          .Example("~/kur")
          .Optional("checksum", &Spec::checksum, "SHA-256 of the archive")
          .Example("fc414bccf4de3964f895eaa9d0e245ea28810a94be3079b55505cf0eb1644f94")
          .Optional("unpack", &Spec::unpack,
                    "accepted for compatibility: an archive is read as it is")
          .Choice("type", &Spec::type, {"spec", "mfcc"}, "the features: spectrogram or MFCC")
          .Optional("normalization", &Spec::normalization,
                    "where the features' statistics are kept: a path, or {path, center, scale, "
                    "rotate, depth}")
          .Example("norm.yml")
          .Keys(NormalizationKeys())
          .Optional("min_duration", &Spec::min_duration, "leaves shorter utterances out, seconds",
                    IfGiven(NotNegative()))
          .Example("1")
          .Optional("max_duration", &Spec::max_duration, "leaves longer utterances out, seconds",
                    IfGiven(Positive()))
          .Example("50")
          .Optional("max_frequency", &Spec::max_frequency, "the highest frequency kept, Hz",
                    IfGiven(Positive()))
          .Example("8000")
          .Optional("vocab", &Spec::vocab,
                    "the vocabulary: a list, or a JSON file with one; default: what the data has")
          .Example("vocab.json")
          .Optional("unknown", &Spec::unknown,
                    "the word that stands for those not in vocab, which are otherwise left out")
          .Example("\"?\"")
          .Optional("samples", &Spec::samples,
                    "which to take of a random order: 100, 100-200, 10%, 90-%")
          .Example("10%")
          .Choice("fill", &Spec::fill, {"zero", "loop"}, "what fills shorter utterances of a batch")
          .Optional("key", &Spec::text_keys, "where the metadata have the transcript")
          .Example("text")
          .Optional("bucket", &Spec::bucket, "rounds lengths up to a multiple of it, seconds",
                    IfGiven(Positive()))
          .Example("0.5")
          .Optional("data_cpus", &Spec::data_cpus,
                    "threads that compute features; default: one for each processor",
                    IfGiven(AtLeast(1)))
          .Example("2"));
  return *kFields;
}

std::shared_ptr<const SupplierSpec> ParseSpeechRecognition(const Value& value,
                                                           const std::string& key,
                                                           Diagnostics* diagnostics) {
  auto spec = std::make_shared<SpeechRecognitionSpec>();
  spec->location = value.location();
  spec->key = key;
  if (!SpeechRecognitionFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  if (spec->text_keys.empty()) {
    diagnostics->Error(value.location(), key + ".key", "the list is empty");
    return nullptr;
  }
  bool good = CheckPackage(value.location(), key, diagnostics, spec.get());
  good &= ParseVocabularies(spec->vocab, key + ".vocab", spec->text_keys, diagnostics,
                            &spec->vocabularies);
  good &=
      ParseUnknowns(spec->unknown, key + ".unknown", spec->text_keys, diagnostics, &spec->unknowns);
  return good ? spec : nullptr;
}

SupplierKind MakeSpeechRecognitionKind() {
  SupplierKind kind = MakeSupplierKind(
      "Recorded speech with its transcripts",
      "speech_recognition: {path: speech.tar.gz, max_duration: 50}", SpeechRecognitionFields());
  kind.parse = ParseSpeechRecognition;
  return kind;
}

const Registration<SupplierKind> kKind("speech_recognition", MakeSpeechRecognitionKind());

#ifdef KUR_RUNTIME

// Streams of the seed.
constexpr uint64_t kSamplesStream = 1;
constexpr uint64_t kNormalizationStream = 2;
constexpr double kFramesPerSecond = 100;
// Longer recordings than the metadata say are let pass if they are not much longer.
constexpr double kDurationSlack = 1;

int64_t Threads(const SpeechRecognitionSpec& spec) {
  return spec.data_cpus.value_or(std::max(1u, std::thread::hardware_concurrency()));
}

AudioLimits Limits(const SpeechRecognitionSpec& spec) {
  AudioLimits limits;
  if (spec.max_duration.has_value()) limits.max_seconds = *spec.max_duration + kDurationSlack;
  return limits;
}

absl::StatusOr<FeatureStatistics> ReadStatistics(const FileReference& file,
                                                 const std::string& resolved) {
  constexpr int64_t kMostBytes = int64_t{128} << 20;
  const auto text = FileSystem::Posix().Read(resolved, kMostBytes);
  if (!text.ok()) return ErrorIn(file, text.status(), resolved);
  auto statistics = ParseStatistics(*text, file.path);
  if (!statistics.ok()) return ErrorIn(file, statistics.status());
  return statistics;
}

// Those of the file or, where there is none, of some recordings that the seed chooses.
absl::StatusOr<FeatureStatistics> FindStatistics(const SpeechRecognitionSpec& spec,
                                                 const FeatureExtractor& extract,
                                                 const OpenContext& context) {
  const auto& file = spec.normalization.path;
  if (file.has_value()) {
    const auto resolved = context.paths.ForReading(file->path);
    if (resolved.ok()) return ReadStatistics(*file, *resolved);
    if (!absl::IsNotFound(resolved.status())) return ErrorIn(*file, resolved.status());
  }
  std::vector<int64_t> order = Permutation(extract.size(), context.seed, kNormalizationStream);
  order.resize(static_cast<size_t>(std::min(extract.size(), spec.normalization.depth)));
  auto statistics = LearnStatistics(extract, order, Threads(spec));
  if (!statistics.ok()) return ErrorIn(*spec.path, statistics.status());
  if (!file.has_value()) return statistics;
  if (context.write == nullptr) {
    context.warn(absl::StrCat(spec.key, ": there is no ", file->path,
                              "; the features are normalized by what these data are like"));
    return statistics;
  }
  KUR_RETURN_IF_ERROR(context.write(*file, FormatStatistics(*statistics)));
  return statistics;
}

absl::StatusOr<Vocabulary> OpenVocabulary(const VocabularySpec& spec,
                                          const TranscriptColumn& transcripts,
                                          const PathResolver& paths) {
  constexpr int64_t kMostBytes = int64_t{64} << 20;
  if (const auto* list = std::get_if<std::vector<std::string>>(&spec)) {
    return Vocabulary::Create(*list);
  }
  if (const auto* file = std::get_if<FileReference>(&spec)) {
    KUR_ASSIGN_OR_RETURN(const std::string path, paths.ForReading(file->path));
    KUR_ASSIGN_OR_RETURN(const std::string text, FileSystem::Posix().Read(path, kMostBytes));
    return Vocabulary::FromJson(text, file->path);
  }
  return Vocabulary::Create(transcripts.Elements());
}

absl::Status AddTranscripts(const SpeechRecognitionSpec& spec, const SpeechCorpus& corpus,
                            const PathResolver& paths, SourceMap* sources) {
  for (size_t i = 0; i < spec.text_keys.size(); ++i) {
    const std::string name = spec.TranscriptName(spec.text_keys[i]);
    const auto fails = [&](const char* key, const absl::Status& status) {
      const Value& value = spec.vocab.is_null() ? spec.unknown : spec.vocab;
      return ErrorAt(value.is_null() ? spec.location : value.location(),
                     absl::StrCat(spec.key, ".", key), std::string(status.message()));
    };
    const auto vocabulary = OpenVocabulary(spec.vocabularies[i], corpus.transcripts[i], paths);
    if (!vocabulary.ok()) return fails("vocab", vocabulary.status());
    auto built = corpus.transcripts[i].Build(*vocabulary, spec.unknowns[i]);
    if (!built.ok()) return fails("unknown", built.status());
    (*sources)[name] = std::move(built->transcript);
    (*sources)[name + "_length"] = std::move(built->length);
  }
  return absl::OkStatus();
}

// Takes the samples that are asked for, in the order of the file.
absl::Status SelectSamples(const SpeechRecognitionSpec& spec, uint64_t seed, SpeechCorpus* corpus) {
  if (!spec.samples.has_value()) return absl::OkStatus();
  const auto [first, last] = spec.samples->Of(corpus->size());
  if (first >= last) {
    return ErrorAt(spec.location, spec.key + ".samples",
                   absl::StrCat("takes none of the ", corpus->size(), " utterances"));
  }
  const std::vector<int64_t> order = Permutation(corpus->size(), seed, kSamplesStream);
  std::vector<int64_t> kept(order.begin() + first, order.begin() + last);
  std::sort(kept.begin(), kept.end());
  corpus->Select(kept);
  return absl::OkStatus();
}

absl::StatusOr<SpeechCorpus> OpenCorpus(const SpeechRecognitionSpec& spec,
                                        const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const std::string file,
                       LocatePackage(spec, context.paths, /*directory_allowed=*/true));
  SpeechCorpusOptions options;
  options.text_keys = spec.text_keys;
  options.min_duration = spec.min_duration.value_or(options.min_duration);
  options.max_duration = spec.max_duration.value_or(options.max_duration);
  options.warn = context.warn;
  const std::string shown = IsDirectory(file) ? spec.path->path : spec.File().path;
  auto corpus = OpenSpeechCorpus(file, shown, context.paths, options);
  if (!corpus.ok()) return ErrorIn(*spec.path, corpus.status(), file);
  KUR_RETURN_IF_ERROR(SelectSamples(spec, context.seed, &*corpus));
  return corpus;
}

absl::StatusOr<SourceMap> Open(const SpeechRecognitionSpec& spec, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const SpeechCorpus corpus, OpenCorpus(spec, context));
  SourceMap sources;
  KUR_RETURN_IF_ERROR(AddTranscripts(spec, corpus, context.paths, &sources));
  KUR_ASSIGN_OR_RETURN(const Array durations,
                       Array::FromValues<double>({corpus.size()}, corpus.durations));
  KUR_ASSIGN_OR_RETURN(sources["duration"], ArraySource::Create(durations));

  const FeatureExtractor extract(corpus, spec.type == "mfcc", spec.max_frequency, Limits(spec));
  KUR_ASSIGN_OR_RETURN(const FeatureStatistics statistics, FindStatistics(spec, extract, context));
  const NormalizationSpec& normalization = spec.normalization;
  Utterances::Options options;
  options.size = corpus.size();
  options.threads = Threads(spec);
  options.most_cached_bytes = TotalMemoryBytes() / 8;
  options.compute = extract;
  options.normalizer = std::make_shared<const FeatureNormalizer>(
      statistics,
      FeatureNormalizer::Options{normalization.center, normalization.scale, normalization.rotate});
  options.warn = [warn = context.warn, key = spec.key](const std::string& text) {
    warn(absl::StrCat(key, ": ", text));
  };
  auto utterances = std::make_shared<const Utterances>(std::move(options));
  UtterancePadding padding;
  padding.loop = spec.fill == "loop";
  if (spec.bucket.has_value()) {
    padding.bucket = std::max<int64_t>(1, std::lrint(*spec.bucket * kFramesPerSecond));
  }
  sources["utterance_length"] = MakeUtteranceLengthSource(utterances);
  sources["utterance"] = MakeUtteranceSource(std::move(utterances), padding);
  return sources;
}

const Registration<SupplierOpener> kOpener("speech_recognition", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
