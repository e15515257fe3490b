#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/kurfile/specs/package.h"
#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include "engine/base/status.h"
#include "engine/data/array_source.h"
#include "engine/data/supplier.h"
#include "engine/formats/idx.h"
#endif

namespace kur {
namespace {

constexpr int64_t kClasses = 10;

// Two IDX files: images of bytes, and their classes from 0 to 9. Pixels become pixel / 255 minus
// the mean over all pixels of all images. Labels become one-hot vectors.
struct MnistSpec : SupplierSpec {
  Package images;
  Package labels;

  std::string kind() const override { return "mnist"; }
  std::vector<const Package*> Packages() const override { return {&images, &labels}; }
  std::vector<FileReference> Files() const override { return {images.File(), labels.File()}; }
  std::map<std::string, Shape> KnownShapes() const override {
    // All published data sets with such file names have images of this size.
    const bool known_name = absl::StrContains(BaseName(images.File().path), "images-idx3-ubyte");
    const int64_t extent = known_name ? 28 : kUnknown;
    return {{"images", {extent, extent, 1}}, {"labels", {kClasses}}};
  }
};

const Fields<MnistSpec>& MnistFields() {
  static const auto* fields = new Fields<MnistSpec>(
      Fields<MnistSpec>()
          .Required("images", &MnistSpec::images, "IDX file of the images, plain or gzip")
          .Example("train-images-idx3-ubyte.gz")
          .Required("labels", &MnistSpec::labels, "IDX file of the labels, plain or gzip")
          .Example("train-labels-idx1-ubyte.gz"));
  return *fields;
}

constexpr char kExample[] = R"(mnist:
  images:
    url: http://yann.lecun.com/exdb/mnist/train-images-idx3-ubyte.gz
    path: ~/kur
  labels: train-labels-idx1-ubyte.gz)";

const Registration<SupplierKind> kKind(
    "mnist", MakeSupplierKind("Images and their classes in two IDX files, as MNIST comes", kExample,
                              MnistFields()));

#ifdef KUR_RUNTIME

double Mean(const Array& array) {
  double sum = 0;
  for (int64_t i = 0; i < array.count(); ++i) sum += array.At(i);
  return sum / static_cast<double>(array.count());
}

absl::StatusOr<std::shared_ptr<const Source>> ReadImages(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(Array images, ReadIdx(path));
  if (images.rank() != 3 || images.count() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": expected images along 3 axes, found ",
                                                   images.count(), " elements along ",
                                                   images.rank()));
  }
  Normalization normalization;
  normalization.scale = 1.0f / 255;
  normalization.offset = {static_cast<float>(-Mean(images) / 255)};
  std::vector<int64_t> shape = images.shape();
  shape.push_back(1);
  KUR_ASSIGN_OR_RETURN(images, images.Reshape(std::move(shape)));
  return ArraySource::Create(std::move(images), std::move(normalization));
}

absl::StatusOr<std::shared_ptr<const Source>> ReadLabels(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const Array labels, ReadIdx(path));
  auto source = OneHotSource::Create(labels, kClasses);
  if (!source.ok()) return Annotate(source.status(), path);
  return source;
}

absl::StatusOr<SourceMap> Open(const MnistSpec& spec, const PathResolver& paths) {
  KUR_ASSIGN_OR_RETURN(const std::string images_path, LocatePackage(spec.images, paths));
  KUR_ASSIGN_OR_RETURN(const std::string labels_path, LocatePackage(spec.labels, paths));
  auto images = ReadImages(images_path);
  if (!images.ok()) return ErrorAtFile(*spec.images.path, images.status(), images_path);
  auto labels = ReadLabels(labels_path);
  if (!labels.ok()) return ErrorAtFile(*spec.labels.path, labels.status(), labels_path);
  return SourceMap{{"images", *images}, {"labels", *labels}};
}

const Registration<SupplierOpener> kOpener("mnist", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
