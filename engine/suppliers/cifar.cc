#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/package.h"
#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/data/array_source.h"
#include "engine/data/cifar_batches.h"
#include "engine/data/supplier.h"
#endif

namespace kur {
namespace {

constexpr int64_t kClasses = 10;

// One of the six files of CIFAR-10: "1" to "5", or "test".
struct CifarPart {
  std::string name;
};

}  // namespace

template <>
struct FieldTraits<CifarPart> {
  static std::string Type() { return "part (1, 2, 3, 4, 5, test)"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("integer"), TypeSchema("string")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    CifarPart* to) {
    if (value.is_int() && value.as_int() >= 1 && value.as_int() <= 5) {
      to->name = absl::StrCat(value.as_int());
      return true;
    }
    if (!value.is_string() || value.as_string() != "test") {
      return ReportType(value, key, "1, 2, 3, 4, 5 or test", diagnostics);
    }
    to->name = "test";
    return true;
  }
  static std::string Format(const CifarPart& part) { return part.name; }
};

namespace {

// CIFAR-10 as its authors publish it for Python: an archive, or the directory that was unpacked
// from it. Pixels become pixel / 255 minus the mean of that pixel over the loaded parts. Labels
// become one-hot vectors.
struct CifarSpec : SupplierSpec, Package {
  std::optional<std::vector<CifarPart>> parts;

  std::string kind() const override { return "cifar"; }
  std::vector<const Package*> Packages() const override { return {this}; }
  std::vector<FileReference> Files() const override { return {File()}; }
  std::map<std::string, Shape> KnownShapes() const override {
    return {{"images", {32, 32, 3}}, {"labels", {kClasses}}};
  }
};

const Fields<CifarSpec>& CifarFields() {
  static const auto* fields = new Fields<CifarSpec>(
      Fields<CifarSpec>()
          .Optional("url", &CifarSpec::url, "where the archive can be downloaded")
          .Optional("login", &CifarSpec::login, kLoginDoc)
          .Keys(LoginFields().Describe())
          .Optional(
              "path", &CifarSpec::path,
              "the archive, the directory unpacked from it, or the folder of the file that url "
              "names")
          .Optional("checksum", &CifarSpec::checksum, "SHA-256 of the archive")
          .Optional("parts", &CifarSpec::parts, "which parts to load; all six if left out"));
  return *fields;
}

std::shared_ptr<const SupplierSpec> ParseCifar(const Value& value, const std::string& key,
                                               Diagnostics* diagnostics) {
  auto spec = std::make_shared<CifarSpec>();
  spec->location = value.location();
  spec->key = key;
  if (!CifarFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  if (!CheckPackage(value.location(), key, diagnostics, spec.get())) return nullptr;
  std::set<std::string> seen;
  if (spec->parts.has_value()) {
    for (const CifarPart& part : *spec->parts) {
      if (seen.insert(part.name).second) continue;
      diagnostics->Error(value.location(), key + ".parts",
                         absl::StrCat("the part ", part.name, " is listed twice"));
      return nullptr;
    }
    if (seen.empty()) {
      diagnostics->Error(value.location(), key + ".parts",
                         "the list is empty; leave parts out to load all of them");
      return nullptr;
    }
  }
  return spec;
}

constexpr char kExample[] = R"(cifar:
  url: https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz
  path: ~/kur
  parts: [1, 2, 3, 4])";

const Registration<SupplierKind> kKind("cifar", {"The images and labels of CIFAR-10", kExample,
                                                 CifarFields().Describe(), ParseCifar});

#ifdef KUR_RUNTIME

absl::StatusOr<SourceMap> MakeSources(const CifarBatches& batches) {
  Normalization normalization;
  normalization.scale = 1.0f / 255;
  for (const double mean : batches.mean) {
    normalization.offset.push_back(static_cast<float>(-mean / 255));
  }
  KUR_ASSIGN_OR_RETURN(auto images, ArraySource::Create(batches.images, std::move(normalization)));
  KUR_ASSIGN_OR_RETURN(auto labels, OneHotSource::Create(batches.labels, kClasses));
  return SourceMap{{"images", std::move(images)}, {"labels", std::move(labels)}};
}

// Returns the path of a part in `directory`, or in the folder below it that unpacking makes.
absl::StatusOr<std::string> FindPart(const std::string& directory, const std::string& part,
                                     const PathResolver& paths) {
  const std::string name = CifarFileName(part);
  auto file = paths.ForReading(JoinPath(directory, name));
  if (!absl::IsNotFound(file.status())) return file;
  auto inner = paths.ForReading(JoinPath(directory, "cifar-10-batches-py/" + name));
  if (!absl::IsNotFound(inner.status())) return inner;
  return absl::NotFoundError(absl::StrCat("the directory ", directory, " lacks ", name));
}

absl::StatusOr<CifarBatches> ReadBatches(const CifarSpec& spec, const std::string& path,
                                         const PathResolver& paths) {
  std::vector<std::string> parts = {"1", "2", "3", "4", "5", "test"};
  if (spec.parts.has_value()) {
    parts.clear();
    for (const CifarPart& part : *spec.parts) parts.push_back(part.name);
  }
  if (!IsDirectory(path)) return ReadCifarArchive(path, parts);
  std::vector<std::string> files;
  for (const std::string& part : parts) {
    KUR_ASSIGN_OR_RETURN(files.emplace_back(), FindPart(spec.path->path, part, paths));
  }
  return ReadCifarFiles(files);
}

absl::StatusOr<SourceMap> Open(const CifarSpec& spec, const PathResolver& paths) {
  KUR_ASSIGN_OR_RETURN(const std::string path,
                       LocatePackage(spec, paths, /*directory_allowed=*/true));
  const auto batches = ReadBatches(spec, path, paths);
  if (!batches.ok()) return ErrorAtFile(*spec.path, batches.status(), path);
  auto sources = MakeSources(*batches);
  if (!sources.ok()) return ErrorAtFile(*spec.path, Annotate(sources.status(), path), path);
  return sources;
}

const Registration<SupplierOpener> kOpener("cifar", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
