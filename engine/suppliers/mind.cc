// mind: spectrograms of brain waves as PNG files, labeled with the class of what the person saw.
//
// Reads the data of https://exhibits.stanford.edu/data/catalog/tc919dd5388 in Kur's layout: a
// .jsonl file whose lines name an image and its labels, beside a folder `images`.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/package.h"
#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "engine/data/array_source.h"
#include "engine/data/classified_files.h"
#include "engine/data/images/image_files.h"
#include "engine/data/images/image_source.h"
#include "engine/data/supplier.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/json_lines.h"
#include "engine/formats/tar_reader.h"
#endif

namespace kur {
namespace {

struct MindSpec : SupplierSpec, Package {
  std::string kind() const override { return "mind"; }
  std::vector<const Package*> Packages() const override { return {this}; }
  std::vector<FileReference> Files() const override { return {File()}; }
  std::map<std::string, Shape> KnownShapes() const override {
    return {{"brain_probe_image", {kUnknown, kUnknown}},
            {"category_label", {1}},
            {"precise_label", {1}}};
  }
};

const Fields<MindSpec>& MindFields() {
  using Spec = MindSpec;
  static const auto* const kFields = new Fields<Spec>(
      Fields<Spec>()
          .Optional(
              "path", &Spec::path,
              "a folder, or a tar archive, that holds one .jsonl and the folder images: every "
              "line has the uuid of images/UUID.png, its category_label and, in all lines or "
              "in none, its precise_label")
          .Example("mind")
          .Optional("url", &Spec::url, "where the archive can be downloaded")
          .Example("https://example.org/mind.tar.gz")
          .Optional("login", &Spec::login, kLoginDoc)
          .Keys(LoginFields().Describe())
          .Optional("checksum", &Spec::checksum, "SHA-256 of the archive")
          .Example("fc414bccf4de3964f895eaa9d0e245ea28810a94be3079b55505cf0eb1644f94")
          .Shorthand("path"));
  return *kFields;
}

std::shared_ptr<const SupplierSpec> ParseMind(const Value& value, const std::string& key,
                                              Diagnostics* diagnostics) {
  auto spec = std::make_shared<MindSpec>();
  spec->location = value.location();
  spec->key = key;
  if (!MindFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  return CheckPackage(value.location(), key, diagnostics, spec.get()) ? spec : nullptr;
}

const Registration<SupplierKind> kKind(
    "mind", {"Spectrograms of brain waves while pictures were seen, as gray PNG files: the sources "
             "brain_probe_image (width, height), category_label and precise_label (numbers)",
             "mind: {path: mind.tar.gz}", MindFields().Describe(), ParseMind});

#ifdef KUR_RUNTIME

// The columns of the .jsonl file, one element a line.
struct Recordings {
  std::vector<std::string> images;  // paths relative to the folder of the .jsonl file
  std::vector<double> categories;
  std::vector<double> precise;  // empty: the lines have no such key
};

// Reads the lines into Recordings.
class RecordingsHandler : public JsonLineHandler {
 public:
  absl::StatusOr<bool> Key(const std::string& key) override {
    key_ = key;
    return key == "uuid" || IsLabel();
  }

  absl::Status Number(double value) override {
    if (key_ == "uuid") return String(JsonNumberText(value));
    (key_ == "category_label" ? category_ : precise_) = value;
    return absl::OkStatus();
  }

  absl::Status String(const std::string& value) override {
    if (IsLabel()) {
      return absl::InvalidArgumentError("it holds a string where a number is expected");
    }
    uuid_ = value;
    return absl::OkStatus();
  }

  absl::Status BeginList(int64_t /*depth*/) override {
    return absl::InvalidArgumentError("the value is a list");
  }
  absl::Status EndList(int64_t /*depth*/) override { return absl::OkStatus(); }

  absl::Status EndLine(int64_t /*line*/) override {
    if (!uuid_.has_value() || uuid_->empty()) {
      return absl::InvalidArgumentError("the line has no 'uuid', which names the image");
    }
    if (!category_.has_value()) {
      return absl::InvalidArgumentError("the line has no number 'category_label'");
    }
    if (!recordings_.images.empty() && precise_.has_value() == recordings_.precise.empty()) {
      return absl::InvalidArgumentError(
          precise_.has_value() ? "the line has a 'precise_label', and those before it have none"
                               : "the line has no 'precise_label', and those before it have one");
    }
    recordings_.images.push_back(absl::StrCat("images/", *uuid_, ".png"));
    recordings_.categories.push_back(*category_);
    if (precise_.has_value()) recordings_.precise.push_back(*precise_);
    uuid_.reset();
    category_.reset();
    precise_.reset();
    return absl::OkStatus();
  }

  Recordings Finish() && { return std::move(recordings_); }

 private:
  bool IsLabel() const { return key_ == "category_label" || key_ == "precise_label"; }

  std::string key_;
  std::optional<std::string> uuid_;
  std::optional<double> category_;
  std::optional<double> precise_;
  Recordings recordings_;
};

bool IsMetadataName(const std::string& name) {
  return absl::EndsWith(name, ".jsonl") && !absl::StartsWith(BaseName(name), ".");
}

// Returns the error that there is not exactly one .jsonl file.
absl::Status WrongMetadata(const std::string& display_path, const std::vector<std::string>& names) {
  if (names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(display_path, " holds no .jsonl that names its images"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(display_path, " must hold one .jsonl that names its images, and holds ",
                   absl::StrJoin(names, ", ")));
}

absl::StatusOr<Recordings> Read(ByteInput& input, const std::string& name) {
  RecordingsHandler handler;
  KUR_RETURN_IF_ERROR(ReadJsonLines(input, name, &handler));
  Recordings recordings = std::move(handler).Finish();
  if (!recordings.images.empty()) return recordings;
  return absl::InvalidArgumentError(absl::StrCat(name, ": the file has no lines"));
}

absl::StatusOr<Recordings> ReadFolder(const std::string& folder, const std::string& display_path,
                                      const PathResolver& paths) {
  KUR_ASSIGN_OR_RETURN(std::vector<std::string> names, FilesWithoutLinks().ListDirectory(folder));
  names.erase(std::remove_if(names.begin(), names.end(),
                             [](const std::string& name) { return !IsMetadataName(name); }),
              names.end());
  if (names.size() != 1) return WrongMetadata(display_path, names);
  const std::string name = JoinPath(display_path, names.front());
  KUR_ASSIGN_OR_RETURN(const std::string file, paths.ForReading(name));
  KUR_ASSIGN_OR_RETURN(const auto input, ByteInput::OpenFile(file));
  return Read(*input, name);
}

absl::StatusOr<Recordings> ReadArchive(const std::string& file, const std::string& display_path) {
  TarLimits limits;
  limits.max_bytes = std::min(limits.max_bytes, TotalMemoryBytes() / 2);
  limits.max_members = 10'000'000;
  KUR_ASSIGN_OR_RETURN(const auto reader, TarReader::Open(file, limits));
  std::vector<std::string> names;
  std::string content;
  while (true) {
    KUR_ASSIGN_OR_RETURN(const auto member, reader->Next());
    if (!member.has_value()) break;
    if (!IsMetadataName(member->name)) continue;
    names.push_back(member->name);
    if (names.size() == 1) {
      KUR_ASSIGN_OR_RETURN(content, reader->ReadContent());
    }
  }
  if (names.size() != 1) return WrongMetadata(display_path, names);
  KUR_ASSIGN_OR_RETURN(
      Recordings recordings,
      Read(*ByteInput::FromMemory(content), absl::StrCat(display_path, ": ", names.front())));
  const std::string folder = DirectoryOf(names.front());
  for (std::string& image : recordings.images) image = JoinPath(folder, image);
  return recordings;
}

// Transposes the samples of a source of shape (height, width, 1) to (width, height), as Kur does.
class TransposedSource : public Source {
 public:
  explicit TransposedSource(std::shared_ptr<const Source> images)
      : images_(std::move(images)), shape_({images_->shape()[1], images_->shape()[0]}) {}

  int64_t size() const override { return images_->size(); }
  const Shape& shape() const override { return shape_; }
  std::string NameOf(int64_t index) const override { return images_->NameOf(index); }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                      float* to) const override {
    KUR_RETURN_IF_ERROR(images_->Gather(indices, count, images_->shape()[0], to));
    const int64_t width = shape_[0];
    const int64_t height = shape_[1];
    std::vector<float> image(static_cast<size_t>(width * height));
    for (; count > 0; --count) {
      std::copy(to, to + width * height, image.begin());
      for (int64_t x = 0; x < width; ++x) {
        for (int64_t y = 0; y < height; ++y) *to++ = image[static_cast<size_t>(y * width + x)];
      }
    }
    return absl::OkStatus();
  }

 private:
  const std::shared_ptr<const Source> images_;
  const Shape shape_;
};

absl::StatusOr<std::shared_ptr<const Source>> MakeLabelSource(const std::vector<double>& labels) {
  std::vector<float> values(labels.begin(), labels.end());
  KUR_ASSIGN_OR_RETURN(Array array,
                       Array::FromValues<float>({static_cast<int64_t>(values.size()), 1}, values));
  return ArraySource::Create(std::move(array));
}

absl::StatusOr<SourceMap> OpenSources(const std::string& file, const std::string& display_path,
                                      const PathResolver& paths) {
  KUR_ASSIGN_OR_RETURN(Recordings recordings, IsDirectory(file)
                                                  ? ReadFolder(file, display_path, paths)
                                                  : ReadArchive(file, display_path));
  SourceMap sources;
  KUR_ASSIGN_OR_RETURN(sources["category_label"], MakeLabelSource(recordings.categories));
  if (!recordings.precise.empty()) {
    KUR_ASSIGN_OR_RETURN(sources["precise_label"], MakeLabelSource(recordings.precise));
  }
  ClassifiedFiles listed;
  listed.files = std::move(recordings.images);
  KUR_ASSIGN_OR_RETURN(const ImageSet images,
                       OpenImages(file, display_path, paths, std::move(listed), {}));
  auto options = ImageSource::Options::ForThisMachine();
  options.channels = 1;
  KUR_ASSIGN_OR_RETURN(auto pixels, ImageSource::Create(images.files, options));
  sources["brain_probe_image"] = std::make_shared<TransposedSource>(std::move(pixels));
  return sources;
}

absl::StatusOr<SourceMap> Open(const MindSpec& spec, const PathResolver& paths) {
  KUR_ASSIGN_OR_RETURN(const std::string file,
                       LocatePackage(spec, paths, /*directory_allowed=*/true));
  const std::string display_path = IsDirectory(file) ? spec.path->path : spec.File().path;
  auto sources = OpenSources(file, display_path, paths);
  if (!sources.ok()) return ErrorAtFile(*spec.path, sources.status(), file);
  return sources;
}

const Registration<SupplierOpener> kOpener("mind", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
