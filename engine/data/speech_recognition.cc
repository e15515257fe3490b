// speech_recognition: recorded speech with its transcripts. This version reads and plans such
// Kurfiles but cannot run them.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/data/package.h"
#include "engine/kurfile/supplier_spec.h"

namespace kur {
namespace {

struct SpeechRecognitionSpec : SupplierSpec, Package {
  bool unpack = true;
  std::string type = "spec";
  Value normalization;
  std::optional<double> min_duration;
  std::optional<double> max_duration;
  std::optional<double> max_frequency;
  Value vocab;
  std::optional<std::string> unknown;
  Value samples;
  std::string fill = "zero";
  std::vector<std::string> text_keys = {"text"};
  std::optional<double> bucket;
  std::optional<int64_t> data_cpus;

  std::string kind() const override { return "speech_recognition"; }
  bool IsRunnable() const override { return false; }
  std::vector<FileReference> Files() const override { return {File()}; }

  // How many features a frame has depends on the recordings' sampling rate.
  std::map<std::string, Shape> KnownShapes() const override {
    std::map<std::string, Shape> shapes = {
        {"utterance", {kUnknown, kUnknown}}, {"utterance_length", {1}}, {"duration", {1}}};
    for (const std::string& key : text_keys) {
      const std::string prefix = text_keys.size() > 1 ? key + "_" : "";
      shapes[prefix + "transcript"] = {kUnknown};
      shapes[prefix + "transcript_length"] = {1};
    }
    return shapes;
  }
};

const Fields<SpeechRecognitionSpec>& SpeechRecognitionFields() {
  using Spec = SpeechRecognitionSpec;
  static const auto* const kFields = new Fields<Spec>(
      Fields<Spec>()
          .Optional("url", &Spec::url, "where the archive can be downloaded")
          .Example("https://example.org/speech.tar.gz")
          .Optional("path", &Spec::path,
                    "the archive, the folder unpacked from it, or the folder of the file that url "
                    "names")
          .Example("~/kur")
          .Optional("checksum", &Spec::checksum, "SHA-256 of the archive")
          .Example("fc414bccf4de3964f895eaa9d0e245ea28810a94be3079b55505cf0eb1644f94")
          .Optional("unpack", &Spec::unpack, "whether an archive is unpacked first")
          .Choice("type", &Spec::type, {"spec", "mfcc"}, "the features: spectrogram or MFCC")
          .Optional("normalization", &Spec::normalization,
                    "where the features' statistics are kept: a path, or {path, center, scale, "
                    "rotate, depth}")
          .Example("norm.yml")
          .Optional("min_duration", &Spec::min_duration, "leaves shorter utterances out, seconds")
          .Example("1")
          .Optional("max_duration", &Spec::max_duration, "leaves longer utterances out, seconds")
          .Example("50")
          .Optional("max_frequency", &Spec::max_frequency, "the highest frequency kept, Hz")
          .Example("8000")
          .Optional("vocab", &Spec::vocab,
                    "the vocabulary: a list, or a JSON file with one; default: what the data has")
          .Example("vocab.json")
          .Optional("unknown", &Spec::unknown, "the word that stands for those not in vocab")
          .Example("\"?\"")
          .Optional("samples", &Spec::samples, "which to take: 100, 100-200, 10%, 90-%")
          .Example("10%")
          .Choice("fill", &Spec::fill, {"zero", "loop"}, "what fills shorter utterances of a batch")
          .Optional("key", &Spec::text_keys, "where the metadata have the transcript")
          .Example("text")
          .Optional("bucket", &Spec::bucket, "rounds lengths up to a multiple of it, seconds")
          .Example("0.5")
          .Optional("data_cpus", &Spec::data_cpus, "accepted for compatibility, not used")
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
  if (!CheckPackage(value.location(), key, diagnostics, spec.get())) return nullptr;
  return spec;
}

SupplierKind MakeSpeechRecognitionKind() {
  SupplierKind kind = MakeSupplierKind(
      "Recorded speech with its transcripts (this version plans with it, but cannot run it)",
      "speech_recognition: {path: speech.tar.gz, max_duration: 50}", SpeechRecognitionFields());
  kind.parse = ParseSpeechRecognition;
  return kind;
}

const Registration<SupplierKind> kKind("speech_recognition", MakeSpeechRecognitionKind());

}  // namespace
}  // namespace kur
