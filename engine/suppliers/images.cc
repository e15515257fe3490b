// images: JPEG, PNG and WebP files, classified by their folders or by a table.

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/package.h"
#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include <array>

#include "absl/strings/match.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/data/array_source.h"
#include "engine/data/classified_files.h"
#include "engine/data/images/image_files.h"
#include "engine/data/images/image_source.h"
#include "engine/data/named_source.h"
#include "engine/data/supplier.h"
#include "engine/formats/byte_input.h"
#endif

namespace kur {
namespace {

struct ImagesSpec : SupplierSpec, Package {
  std::optional<FileReference> labels;
  std::string file_column = "file";
  std::optional<std::string> label_column;
  std::vector<std::string> classes;
  std::vector<int64_t> size;
  std::string fit = "crop";
  std::vector<double> background;
  int64_t channels = 3;
  std::vector<double> mean;
  std::vector<double> std;

  std::string kind() const override { return "images"; }

  std::vector<const Package*> Packages() const override { return {this}; }
  std::vector<FileReference> Files() const override {
    std::vector<FileReference> files = {File()};
    if (labels.has_value()) files.push_back(*labels);
    return files;
  }

  std::map<std::string, Shape> KnownShapes() const override {
    const int64_t count = classes.empty() ? kUnknown : static_cast<int64_t>(classes.size());
    std::map<std::string, Shape> shapes = {{"labels", {count}}};
    if (!size.empty()) shapes["images"] = {size.front(), size.back(), channels};
    return shapes;
  }
};

// Describes which files are the images, and their classes.
Fields<ImagesSpec> FileFields() {
  using Spec = ImagesSpec;
  return std::move(
      Fields<Spec>()
          .Optional(
              "path", &Spec::path,
              "a folder of .jpg, .png and .webp files, or a tar archive; without labels an image's "
              "class is the name of the folder in which it lies")
          .Example("flowers")
          .Optional("url", &Spec::url, "where the archive can be downloaded")
          .Example("https://example.org/flowers.tar.gz")
          .Optional("login", &Spec::login, kLoginDoc)
          .Keys(LoginFields().Describe())
          .Optional("checksum", &Spec::checksum, "SHA-256 of the archive")
          .Example("fc414bccf4de3964f895eaa9d0e245ea28810a94be3079b55505cf0eb1644f94")
          .Optional("labels", &Spec::labels,
                    "a table that names the images and their classes: .csv with a header, or "
                    ".jsonl with a dictionary on every line")
          .Example("flowers.csv")
          .Optional("file_column", &Spec::file_column,
                    "the column of labels with the files' paths below path")
          .Optional("label_column", &Spec::label_column,
                    "the column of labels with the classes; default: label, if there is one")
          .Example("species")
          .Optional("classes", &Spec::classes,
                    "the classes to take, in the order of their numbers; default: all, sorted")
          .Example("[tulip, rose]"));
}

// Adds how an image becomes a sample.
Fields<ImagesSpec> WithPixelFields(Fields<ImagesSpec> fields) {
  using Spec = ImagesSpec;
  const Condition<std::vector<int64_t>> extents = {
      "one extent or [height, width], each from 1 to 10000", [](const std::vector<int64_t>& size) {
        for (const int64_t extent : size) {
          if (extent < 1 || extent > 10'000) return false;
        }
        return size.size() == 1 || size.size() == 2;
      }};
  const Condition<std::vector<double>> shares = {
      "one value or three, each from 0 to 1", [](const std::vector<double>& values) {
        return (values.size() == 1 || values.size() == 3) &&
               std::all_of(values.begin(), values.end(),
                           [](double value) { return value >= 0 && value <= 1; });
      }};
  const Condition<std::vector<double>> deviations = {
      "greater than 0", [](const std::vector<double>& values) {
        return std::all_of(values.begin(), values.end(), Positive().holds);
      }};
  return std::move(
      fields
          .Optional("size", &Spec::size,
                    "the extent, or [height, width], that every image is resized to; default: that "
                    "of the first, which all others must have",
                    extents)
          .Example("[64, 64]")
          .Choice("fit", &Spec::fit, {"crop", "stretch", "pad"},
                  "how an image of another proportion becomes one of that size: the middle of it, "
                  "all of it distorted, or all of it between bars")
          .Optional("background", &Spec::background,
                    "what shows through transparent pixels, and the bars of fit: from 0 to 1, for "
                    "all channels or [red, green, blue]; default: white, and black bars",
                    shares)
          .Example("[1, 1, 1]")
          .Optional(
              "channels", &Spec::channels, "3: color; 1: luminance",
              Condition<int64_t>{"1 or 3", [](int64_t count) { return count == 1 || count == 3; }})
          .Optional("mean", &Spec::mean,
                    "what is subtracted from values between 0 and 1, for all channels or each")
          .Example("[0.485, 0.456, 0.406]")
          .Optional("std", &Spec::std, "what they are divided by then", deviations)
          .Example("[0.229, 0.224, 0.225]"));
}

const Fields<ImagesSpec>& ImagesFields() {
  static const auto* const kFields =
      new Fields<ImagesSpec>(std::move(WithPixelFields(FileFields()).Shorthand("path")));
  return *kFields;
}

// Returns true for no values, one value for all channels, or one for each channel.
bool FitsChannels(const std::vector<double>& values, int64_t channels) {
  return values.size() <= 1 || static_cast<int64_t>(values.size()) == channels;
}

std::shared_ptr<const SupplierSpec> ParseImages(const Value& value, const std::string& key,
                                                Diagnostics* diagnostics) {
  auto spec = std::make_shared<ImagesSpec>();
  spec->location = value.location();
  spec->key = key;
  if (!ImagesFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  bool good = CheckPackage(value.location(), key, diagnostics, spec.get());
  const auto report = [&](const std::string& name, const std::string& message) {
    diagnostics->Error(value.Find(name)->location(), absl::StrCat(key, ".", name), message);
    good = false;
  };
  std::set<std::string> seen;
  for (const std::string& name : spec->classes) {
    if (seen.insert(name).second) continue;
    report("classes", absl::StrCat("the class '", name, "' is there twice"));
  }
  for (const auto* const values : {&spec->mean, &spec->std}) {
    if (FitsChannels(*values, spec->channels)) continue;
    report(values == &spec->mean ? "mean" : "std",
           absl::StrCat("there are ", values->size(), " values for ", spec->channels, " channels"));
  }
  for (const char* const name : {"file_column", "label_column"}) {
    if (spec->labels.has_value() || !value.is_dict() || value.Find(name) == nullptr) continue;
    report(name, "there is no table whose column that could be; name it with 'labels'");
  }
  return good ? spec : nullptr;
}

constexpr char kExample[] = R"(images:
  path: flowers.tar.gz
  size: [64, 64])";

const Registration<SupplierKind> kKind(
    "images",
    {"JPEG, PNG and WebP files in folders whose names are their classes, or named by a table: the "
     "sources images (height, width, channels) and labels (one-hot)",
     kExample, ImagesFields().Describe(), ParseImages});

#ifdef KUR_RUNTIME

ImageFit ParseFit(const std::string& name) {
  if (name == "stretch") return ImageFit::kStretch;
  return name == "pad" ? ImageFit::kPad : ImageFit::kCrop;
}

// Returns one value for each channel: a single value is repeated, `missing` replaces no values.
std::array<float, 3> PerChannel(const std::vector<double>& values, float missing) {
  std::array<float, 3> channels = {missing, missing, missing};
  for (size_t c = 0; c < channels.size() && !values.empty(); ++c) {
    channels[c] = static_cast<float>(values[values.size() == 1 ? 0 : c]);
  }
  return channels;
}

absl::StatusOr<std::optional<ClassifiedFiles>> ReadTable(const ImagesSpec& spec,
                                                         const PathResolver& paths,
                                                         const ListedClasses& classes) {
  if (!spec.labels.has_value()) return std::optional<ClassifiedFiles>();
  const std::string& name = spec.labels->path;
  FileTableOptions table;
  table.is_json = absl::EndsWith(name, ".jsonl") || absl::EndsWith(name, ".jsonl.gz");
  table.file_column = spec.file_column;
  table.label_column = spec.label_column.value_or(table.label_column);
  table.label_required = spec.label_column.has_value();
  const auto file = paths.ForReading(name);
  if (!file.ok()) return ErrorAtFile(*spec.labels, file.status());
  const auto input = ByteInput::OpenFile(*file);
  if (!input.ok()) return ErrorAtFile(*spec.labels, input.status(), *file);
  auto files = ReadFileTable(**input, name, table, classes);
  if (!files.ok()) return ErrorAtFile(*spec.labels, files.status());
  return std::make_optional(*std::move(files));
}

absl::StatusOr<SourceMap> MakeSources(const ImagesSpec& spec, const ImageSet& images) {
  SourceMap sources;
  if (!images.classes.empty()) {
    KUR_ASSIGN_OR_RETURN(
        const Array labels,
        Array::FromValues<int64_t>({static_cast<int64_t>(images.labels.size())}, images.labels));
    KUR_ASSIGN_OR_RETURN(
        auto source,
        OneHotSource::Create(labels, {images.classes, /*is_one_hot=*/true, !spec.classes.empty()}));
    sources["labels"] = WithNames(
        std::move(source), [files = images.files](int64_t index) { return files->Name(index); });
  }
  auto options = ImageSource::Options::ForThisMachine();
  if (!spec.size.empty()) {
    options.height = spec.size.front();
    options.width = spec.size.back();
  }
  options.channels = spec.channels;
  options.fit = ParseFit(spec.fit);
  options.background = PerChannel(spec.background, 1);
  options.bars = PerChannel(spec.background, 0);
  options.mean = PerChannel(spec.mean, 0);
  options.deviation = PerChannel(spec.std, 1);
  KUR_ASSIGN_OR_RETURN(sources["images"], ImageSource::Create(images.files, options));
  return sources;
}

absl::StatusOr<SourceMap> Open(const ImagesSpec& spec, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const std::string file,
                       LocatePackage(spec, context.paths, /*directory_allowed=*/true));
  const ListedClasses classes = context.ClassesFor("labels", spec.classes);
  KUR_ASSIGN_OR_RETURN(auto listed, ReadTable(spec, context.paths, classes));
  const std::string display_path = IsDirectory(file) ? spec.path->path : spec.File().path;
  auto images = OpenImages(file, display_path, context.paths, std::move(listed), classes);
  if (!images.ok()) return ErrorAtFile(*spec.path, images.status(), file);
  const std::string left_out = images->others.Describe();
  if (!left_out.empty()) context.tell(absl::StrCat(display_path, ": ", left_out));
  if (context.IsNoClass("labels", images->classes)) images->classes.clear();
  auto sources = MakeSources(spec, *images);
  if (!sources.ok()) return ErrorAtFile(*spec.path, sources.status(), file);
  return sources;
}

const Registration<SupplierOpener> kOpener("images", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
