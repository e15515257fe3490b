// audio_folder: recorded sound in folders whose names are its classes.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/data/speech/feature_options.h"
#include "engine/kurfile/specs/package.h"
#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/data/array_source.h"
#include "engine/data/named_source.h"
#include "engine/data/speech/classified_recordings.h"
#include "engine/data/speech/feature_sources.h"
#include "engine/data/supplier.h"
#endif

namespace kur {
namespace {

struct AudioFolderSpec : SupplierSpec, Package, FeatureOptions {
  std::vector<std::string> classes;

  std::string kind() const override { return "audio_folder"; }

  std::vector<const Package*> Packages() const override { return {this}; }
  std::vector<FileReference> Files() const override {
    std::vector<FileReference> files = {File()};
    if (normalization.path.has_value()) files.push_back(*normalization.path);
    return files;
  }

  std::vector<FileReference> Outputs() const override {
    if (!normalization.path.has_value()) return {};
    return {*normalization.path};
  }

  std::map<std::string, Shape> KnownShapes() const override {
    const int64_t count = classes.empty() ? kUnknown : static_cast<int64_t>(classes.size());
    return {{"audio", FeatureShape()}, {"audio_length", {1}}, {"labels", {count}}};
  }
};

const Fields<AudioFolderSpec>& AudioFolderFields() {
  using Spec = AudioFolderSpec;
  static const auto* const kFields = new Fields<Spec>(WithFeatureOptions(
      Fields<Spec>()
          .Optional("path", &Spec::path,
                    "the folder, or a tar archive: a recording's class is the name of the folder "
                    "in which it lies")
          .Example("commands")
          .Optional("url", &Spec::url, "where the archive can be downloaded")
          .Example("https://example.org/commands.tar.gz")
          .Optional("login", &Spec::login, kLoginDoc)
          .Keys(LoginFields().Describe())
          .Optional("checksum", &Spec::checksum, "SHA-256 of the archive")
          .Example("fc414bccf4de3964f895eaa9d0e245ea28810a94be3079b55505cf0eb1644f94")
          .Optional("classes", &Spec::classes,
                    "the folders to take, in the order of the labels; default: all, sorted")
          .Example("[\"yes\", \"no\"]")
          .Shorthand("path")));
  return *kFields;
}

std::shared_ptr<const SupplierSpec> ParseAudioFolder(const Value& value, const std::string& key,
                                                     Diagnostics* diagnostics) {
  auto spec = std::make_shared<AudioFolderSpec>();
  spec->location = value.location();
  spec->key = key;
  if (!AudioFolderFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  std::set<std::string> seen;
  bool good = CheckPackage(value.location(), key, diagnostics, spec.get());
  for (const std::string& name : spec->classes) {
    if (seen.insert(name).second) continue;
    diagnostics->Error(value.Find("classes")->location(), key + ".classes",
                       absl::StrCat("the class '", name, "' is there twice"));
    good = false;
  }
  return good ? spec : nullptr;
}

SupplierKind MakeAudioFolderKind() {
  SupplierKind kind = MakeSupplierKind(
      "Recorded sound in folders whose names are its classes: the sources audio (its features), "
      "audio_length (frames) and labels (one-hot)",
      "audio_folder: {path: commands.tar.gz, type: mfcc}", AudioFolderFields());
  kind.parse = ParseAudioFolder;
  return kind;
}

const Registration<SupplierKind> kKind("audio_folder", MakeAudioFolderKind());

#ifdef KUR_RUNTIME

absl::StatusOr<SourceMap> Open(const AudioFolderSpec& spec, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const std::string file,
                       LocatePackage(spec, context.paths, /*directory_allowed=*/true));
  const std::string display_path = IsDirectory(file) ? spec.path->path : spec.File().path;
  const auto found = OpenClassifiedRecordings(file, display_path, context.paths,
                                              context.ClassesFor("labels", spec.classes));
  if (!found.ok()) return ErrorAtFile(*spec.path, found.status(), file);
  const std::string left_out = found->others.Describe();
  if (!left_out.empty()) context.tell(absl::StrCat(display_path, ": ", left_out));
  SourceMap sources;
  if (!found->classes.empty() && !context.IsNoClass("labels", found->classes)) {
    KUR_ASSIGN_OR_RETURN(
        const Array labels,
        Array::FromValues<int64_t>({static_cast<int64_t>(found->labels.size())}, found->labels));
    KUR_ASSIGN_OR_RETURN(
        auto source,
        OneHotSource::Create(labels, {found->classes, /*is_one_hot=*/true, !spec.classes.empty()}));
    sources["labels"] = WithNames(std::move(source), found->corpus.NamesOfSamples());
  }
  KUR_RETURN_IF_ERROR(AddFeatureSources("audio", spec, found->corpus, AudioLimits(), *spec.path,
                                        spec.key, context, &sources));
  return sources;
}

const Registration<SupplierOpener> kOpener("audio_folder", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
