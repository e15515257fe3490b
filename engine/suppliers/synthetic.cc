// synthetic: random numbers of any shape, to measure a model's speed or memory without data.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include <algorithm>
#include <cmath>

#include "engine/base/random.h"
#include "engine/data/supplier.h"
#endif

namespace kur {
namespace {

// The greatest number of elements of a sample.
constexpr int64_t kMaxElements = int64_t{1} << 32;

// The shape and distribution of one source's samples.
struct SyntheticSource {
  std::vector<int64_t> shape;
  std::string type = "normal";
  std::optional<int64_t> classes;

  // Returns the shape of a sample, including the axis of one-hot vectors.
  Shape SampleShape() const {
    Shape sample = shape;
    if (type == "classes") sample.push_back(classes.value_or(0));
    if (sample.empty()) sample.push_back(1);
    return sample;
  }
};

const Fields<SyntheticSource>& SyntheticSourceFields() {
  static const auto* const kFields = new Fields<SyntheticSource>(
      Fields<SyntheticSource>()
          .Optional("shape", &SyntheticSource::shape,
                    "the shape of a sample; of type classes without the axis of the classes")
          .Example("[28, 28, 1]")
          .Choice("type", &SyntheticSource::type, {"normal", "uniform", "integers", "classes"},
                  "normal: of mean 0 and deviation 1; uniform: from 0 to 1; integers: from 0 to "
                  "classes - 1; classes: these as one-hot vectors")
          .Optional("classes", &SyntheticSource::classes, "how many integers or classes there are",
                    IfGiven(AtLeast(1)))
          .Example("10"));
  return *kFields;
}

}  // namespace

template <>
struct FieldTraits<SyntheticSource> {
  static std::string Type() { return "{shape, type, classes}"; }
  static Value Schema() { return TypeSchema("object"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    SyntheticSource* to) {
    if (!SyntheticSourceFields().Parse(value, key, diagnostics, to)) return false;
    const bool counts = to->type == "classes" || to->type == "integers";
    std::string fault;
    if (counts != to->classes.has_value()) {
      fault = absl::StrCat("the type ", to->type, counts ? " needs" : " takes no", " 'classes'");
    }
    for (const int64_t extent : to->shape) {
      if (extent < 1) fault = "every extent of the shape must be at least 1";
    }
    const int64_t elements = NumElements(to->SampleShape());
    if (fault.empty() && (elements == kUnknown || elements > kMaxElements)) {
      fault = absl::StrCat("samples of the shape ", ToString(to->SampleShape()),
                           " have more than 2^32 elements");
    }
    if (!fault.empty()) diagnostics->Error(value.location(), key, fault);
    return fault.empty();
  }
  static std::string Format(const SyntheticSource&) { return ""; }
};

namespace {

struct SyntheticSpec : SupplierSpec {
  int64_t samples = 0;
  std::map<std::string, SyntheticSource> sources;
  int64_t seed = 0;

  std::string kind() const override { return "synthetic"; }
  std::vector<FileReference> Files() const override { return {}; }

  std::map<std::string, Shape> KnownShapes() const override {
    std::map<std::string, Shape> shapes;
    for (const auto& [name, source] : sources) shapes[name] = source.SampleShape();
    return shapes;
  }
};

const Fields<SyntheticSpec>& SyntheticFields() {
  const Condition<std::map<std::string, SyntheticSource>> not_empty = {
      "at least one source", [](const auto& sources) { return !sources.empty(); }};
  static const auto* const kFields = new Fields<SyntheticSpec>(
      Fields<SyntheticSpec>()
          .Required("samples", &SyntheticSpec::samples, "how many there are", AtLeast(1))
          .Example("10000")
          .Required("sources", &SyntheticSpec::sources,
                    "the sources by their names, and what each is made of", not_empty)
          .Example("{images: {shape: [28, 28, 1]}, labels: {type: classes, classes: 10}}")
          .Optional("seed", &SyntheticSpec::seed, "another seed gives other numbers"));
  return *kFields;
}

constexpr char kExample[] = R"(synthetic:
  samples: 10000
  sources:
    images: {shape: [28, 28, 1], type: normal}
    labels: {type: classes, classes: 10})";

const Registration<SupplierKind> kKind(
    "synthetic",
    MakeSupplierKind("Random numbers, the same in every run: to try a model without data", kExample,
                     SyntheticFields()));

#ifdef KUR_RUNTIME

// Returns the 64-bit FNV-1a hash of a source's name, so that sources differ in their numbers.
uint64_t HashName(const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return hash;
}

// Draws normally distributed numbers, two at a time by the Box-Muller transform.
void FillNormal(Random* random, int64_t count, float* to) {
  constexpr double kTwoPi = 6.283185307179586;
  for (int64_t i = 0; i < count; i += 2) {
    const double radius = std::sqrt(-2 * std::log(1 - random->Uniform()));
    const double angle = kTwoPi * random->Uniform();
    to[i] = static_cast<float>(radius * std::cos(angle));
    if (i + 1 < count) to[i + 1] = static_cast<float>(radius * std::sin(angle));
  }
}

// Samples that are drawn while they are gathered. A sample depends on the seed and its index alone.
class RandomSource : public Source {
 public:
  RandomSource(const SyntheticSource& source, int64_t size, uint64_t seed)
      : size_(size),
        shape_(source.SampleShape()),
        width_(NumElements(shape_)),
        type_(source.type),
        classes_(static_cast<uint64_t>(source.classes.value_or(1))),
        seed_(seed) {}

  int64_t size() const override { return size_; }
  const Shape& shape() const override { return shape_; }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                      float* to) const override {
    for (int64_t i = 0; i < count; ++i) Fill(indices[i], to + i * width_);
    return absl::OkStatus();
  }

 private:
  void Fill(int64_t index, float* to) const {
    Random random(seed_, static_cast<uint64_t>(index));
    if (type_ == "normal") {
      FillNormal(&random, width_, to);
    } else if (type_ == "uniform") {
      std::generate_n(to, width_,
                      [&] { return static_cast<float>(random.Next() >> 40) * 0x1p-24F; });
    } else if (type_ == "integers") {
      std::generate_n(to, width_, [&] { return static_cast<float>(random.Below(classes_)); });
    } else {
      std::fill_n(to, width_, 0.0F);
      const auto classes = static_cast<int64_t>(classes_);
      for (int64_t i = 0; i < width_; i += classes)
        to[i + static_cast<int64_t>(random.Below(classes_))] = 1;
    }
  }

  int64_t size_;
  Shape shape_;
  int64_t width_;  // elements of a sample
  std::string type_;
  uint64_t classes_;
  uint64_t seed_;
};

absl::StatusOr<SourceMap> Open(const SyntheticSpec& spec, const PathResolver& /*paths*/) {
  SourceMap sources;
  for (const auto& [name, source] : spec.sources) {
    const uint64_t seed = static_cast<uint64_t>(spec.seed) ^ HashName(name);
    sources[name] = std::make_shared<RandomSource>(source, spec.samples, seed);
  }
  return sources;
}

const Registration<SupplierOpener> kOpener("synthetic", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
