// speech_recognition: recorded speech with transcripts.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/data/speech/feature_options.h"
#include "engine/data/speech/speech_options.h"
#include "engine/kurfile/specs/package.h"
#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include <algorithm>
#include <utility>
#include <variant>

#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/random.h"
#include "engine/base/status.h"
#include "engine/data/array_source.h"
#include "engine/data/named_source.h"
#include "engine/data/speech/feature_sources.h"
#include "engine/data/speech/speech_corpus.h"
#include "engine/data/supplier.h"
#endif

namespace kur {
namespace {

struct SpeechRecognitionSpec : SupplierSpec, Package, FeatureOptions {
  bool unpack = true;
  std::optional<double> min_duration;
  std::optional<double> max_duration;
  Value vocab;
  Value unknown;
  std::optional<SampleRange> samples;
  std::vector<std::string> text_keys = {"text"};
  // Parsed from `vocab` and `unknown`: one entry for each text key.
  std::vector<VocabularySpec> vocabularies;
  std::vector<std::optional<std::string>> unknowns;

  std::string kind() const override { return "speech_recognition"; }

  std::vector<const Package*> Packages() const override { return {this}; }
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

  std::map<std::string, Shape> KnownShapes() const override {
    std::map<std::string, Shape> shapes = {
        {"utterance", FeatureShape()}, {"utterance_length", {1}}, {"duration", {1}}};
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
  static const auto* const kFields = new Fields<Spec>(WithFeatureOptions(
      Fields<Spec>()
          .Optional("url", &Spec::url, "where the archive can be downloaded")
          .Example("https://example.org/speech.tar.gz")
          .Optional("login", &Spec::login, kLoginDoc)
          .Keys(LoginFields().Describe())
          .Optional("path", &Spec::path,
                    "the archive, the folder unpacked from it, its .jsonl file, or the folder of "
                    "the file that url names")
          .Example("~/kur")
          .Optional("checksum", &Spec::checksum, "SHA-256 of the archive")
          .Example("fc414bccf4de3964f895eaa9d0e245ea28810a94be3079b55505cf0eb1644f94")
          .Optional("unpack", &Spec::unpack,
                    "accepted for compatibility: an archive is read as it is")
          .Optional("min_duration", &Spec::min_duration, "leaves shorter utterances out, seconds",
                    IfGiven(NotNegative()))
          .Example("1")
          .Optional("max_duration", &Spec::max_duration, "leaves longer utterances out, seconds",
                    IfGiven(Positive()))
          .Example("50")
          .Optional("vocab", &Spec::vocab,
                    "the vocabulary: a list, or a JSON file with one; default: what the data has")
          .Example("vocab.json")
          .Optional("unknown", &Spec::unknown,
                    "the word that stands for those not in vocab, which are otherwise left out")
          .Example("\"?\"")
          .Optional("samples", &Spec::samples,
                    "which to take of a random order: 100, 100-200, 10%, 90-%")
          .Example("10%")
          .Optional("key", &Spec::text_keys, "where the metadata have the transcript")
          .Example("text")));
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

// The random stream that selects `samples`.
constexpr uint64_t kSamplesStream = 1;
// A recording may exceed the duration in the metadata by this much, in seconds.
constexpr double kDurationSlack = 1;

AudioLimits Limits(const SpeechRecognitionSpec& spec) {
  AudioLimits limits;
  if (spec.max_duration.has_value()) limits.max_seconds = *spec.max_duration + kDurationSlack;
  return limits;
}

absl::StatusOr<Vocabulary> OpenVocabulary(const VocabularySpec& spec,
                                          const TranscriptColumn& transcripts,
                                          const PathResolver& paths, const Encoding* known) {
  constexpr int64_t kMaxBytes = int64_t{64} << 20;
  if (const auto* list = std::get_if<std::vector<std::string>>(&spec)) {
    return Vocabulary::Create(*list);
  }
  if (const auto* file = std::get_if<FileReference>(&spec)) {
    KUR_ASSIGN_OR_RETURN(const std::string path, paths.ForReading(file->path));
    KUR_ASSIGN_OR_RETURN(const std::string text, FilesWithoutLinks().Read(path, kMaxBytes));
    return Vocabulary::FromJson(text, file->path);
  }
  return Vocabulary::Create(known != nullptr ? known->symbols : transcripts.Elements());
}

absl::Status AddTranscripts(const SpeechRecognitionSpec& spec, const SpeechCorpus& corpus,
                            const OpenContext& context, SourceMap* sources) {
  const auto name_of = corpus.NamesOfSamples();
  for (size_t i = 0; i < spec.text_keys.size(); ++i) {
    const std::string name = spec.TranscriptName(spec.text_keys[i]);
    // What the model does not know is an error, unless `unknown` stands for it.
    const Encoding* known = context.model->Find(context.NameOf(name));
    if (!spec.unknowns[i].has_value()) known = nullptr;
    const auto fails = [&](const char* key, const absl::Status& status) {
      const Value& value = spec.vocab.is_null() ? spec.unknown : spec.vocab;
      return ErrorAt(value.is_null() ? spec.location : value.location(),
                     absl::StrCat(spec.key, ".", key), std::string(status.message()));
    };
    const auto vocabulary =
        OpenVocabulary(spec.vocabularies[i], corpus.transcripts[i], context.paths, known);
    if (!vocabulary.ok()) return fails("vocab", vocabulary.status());
    const bool is_listed = !std::holds_alternative<std::monostate>(spec.vocabularies[i]);
    auto built = corpus.transcripts[i].Build(*vocabulary, spec.unknowns[i], is_listed);
    if (!built.ok()) return fails("unknown", built.status());
    (*sources)[name] = WithNames(std::move(built->transcript), name_of);
    (*sources)[name + "_length"] = WithNames(std::move(built->length), name_of);
  }
  return absl::OkStatus();
}

// Selects the utterances of the option `samples`; they stay in the order of the file.
absl::Status SelectSamples(const SpeechRecognitionSpec& spec, uint64_t seed, SpeechCorpus* corpus) {
  if (!spec.samples.has_value()) return absl::OkStatus();
  const auto [first, last] = spec.samples->Resolve(corpus->size());
  if (first >= last) {
    return ErrorAt(spec.location, spec.key + ".samples",
                   absl::StrCat("takes none of the ", corpus->size(), " utterances"));
  }
  const std::vector<int64_t> order = Permutation(corpus->size(), seed, kSamplesStream);
  std::vector<int64_t> selected(order.begin() + first, order.begin() + last);
  std::sort(selected.begin(), selected.end());
  corpus->Select(selected);
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
  const std::string display_path = IsDirectory(file) ? spec.path->path : spec.File().path;
  auto corpus = OpenSpeechCorpus(file, display_path, context.paths, options);
  if (!corpus.ok()) return ErrorAtFile(*spec.path, corpus.status(), file);
  KUR_RETURN_IF_ERROR(SelectSamples(spec, context.seed, &*corpus));
  return corpus;
}

absl::StatusOr<SourceMap> Open(const SpeechRecognitionSpec& spec, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const SpeechCorpus corpus, OpenCorpus(spec, context));
  SourceMap sources;
  KUR_RETURN_IF_ERROR(AddTranscripts(spec, corpus, context, &sources));
  KUR_ASSIGN_OR_RETURN(const Array durations,
                       Array::FromValues<double>({corpus.size()}, corpus.durations));
  KUR_ASSIGN_OR_RETURN(sources["duration"], ArraySource::Create(durations));

  KUR_RETURN_IF_ERROR(AddFeatureSources("utterance", spec, corpus, Limits(spec), *spec.path,
                                        spec.key, context, &sources));
  return sources;
}

const Registration<SupplierOpener> kOpener("speech_recognition", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
