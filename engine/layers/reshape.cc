// reshape: gives each sample another shape.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

// Stands for the extent that is whatever the other ones leave.
constexpr int64_t kRest = -1;

// Returns the product of the other extents; kUnknown if it overflows.
int64_t ListedElements(const std::vector<int64_t>& shape) {
  int64_t product = 1;
  for (const int64_t extent : shape) {
    if (extent != kRest) product = Product({product, extent});
  }
  return product;
}

struct ReshapeSpec : LayerSpec {
  std::vector<int64_t> shape;

  std::string kind() const override { return "reshape"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    const int64_t listed = ListedElements(shape);
    const int64_t elements = NumElements(inputs[0]);
    Shape output = shape;
    const auto rest = std::find(output.begin(), output.end(), kRest);
    const bool has_rest = rest != output.end();
    if (elements == kUnknown) {
      if (has_rest) *rest = kUnknown;
      return output;
    }
    if (has_rest ? elements % listed != 0 : elements != listed) {
      return absl::InvalidArgumentError(
          absl::StrCat("an input ", ToString(inputs[0]), " has ", elements, " elements, which ",
                       has_rest ? absl::StrCat("are no multiple of ", listed)
                                : absl::StrCat("cannot become ", listed)));
    }
    if (has_rest) *rest = elements / listed;
    return output;
  }

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    return {/*input=*/false, /*output=*/false, /*is_view=*/true};
  }
};

const Fields<ReshapeSpec>& ReshapeFields() {
  const Condition<std::vector<int64_t>> extents = {
      "extents of at least 1, one of which may be -1: whatever the others leave",
      [](const std::vector<int64_t>& shape) {
        return !shape.empty() && shape.size() <= 8 && ListedElements(shape) != kUnknown &&
               std::all_of(shape.begin(), shape.end(),
                           [](int64_t extent) { return extent >= 1 || extent == kRest; }) &&
               std::count(shape.begin(), shape.end(), kRest) <= 1;
      }};
  static const auto* const kFields = new Fields<ReshapeSpec>(
      Fields<ReshapeSpec>()
          .Required(
              "shape", &ReshapeSpec::shape,
              "the shape of a sample: extents, of which one may be -1, which is then what the "
              "others leave",
              extents)
          .Example("[28, 28, 1]")
          .Shorthand("shape"));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "reshape",
    MakeLayerKind("Gives each sample another shape; its elements keep their order, in which the "
                  "last axis runs fastest.",
                  "reshape: [28, 28, 1]", ReshapeFields()));

#if KUR_RUNTIME
class Reshape : public Layer {
 public:
  Reshape(const ReshapeSpec& spec, const std::vector<Shape>&, const at::Generator&)
      : shape_(spec.shape) {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    std::vector<int64_t> shape = {inputs[0].size(0)};
    shape.insert(shape.end(), shape_.begin(), shape_.end());
    return FromKurfileLayout(ToKurfileLayout(inputs[0]).reshape(shape));
  }

 private:
  const std::vector<int64_t> shape_;
};

const Registration<LayerBuilder> kBuilder("reshape", MakeLayerBuilder<Reshape, ReshapeSpec>());
#endif

}  // namespace
}  // namespace kur
