// squeeze: removes an axis of extent 1.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct SqueezeSpec : LayerSpec {
  int64_t dimension = 0;

  std::string kind() const override { return "squeeze"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    const auto rank = static_cast<int64_t>(inputs[0].size());
    if (dimension >= rank || dimension < -rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no axis ", dimension, " in an input ", ToString(inputs[0])));
    }
    if (rank == 1) {
      return absl::InvalidArgumentError("the only axis of a sample cannot be removed");
    }
    Shape shape = inputs[0];
    const auto axis = shape.begin() + (dimension < 0 ? dimension + rank : dimension);
    if (*axis != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("only an axis of extent 1 can be removed; axis ", dimension, " of ",
                       ToString(inputs[0]), " is no such axis"));
    }
    shape.erase(axis);
    return shape;
  }

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    return {/*input=*/false, /*output=*/false, /*is_view=*/true};
  }
};

const Fields<SqueezeSpec>& SqueezeFields() {
  static const auto* const kFields =
      new Fields<SqueezeSpec>(Fields<SqueezeSpec>()
                                  .Required("dimension", &SqueezeSpec::dimension,
                                            "which axis, from 0; negative: counted from behind")
                                  .Example("-1")
                                  .Shorthand("dimension"));
  return *kFields;
}

const Registration<LayerKind> kKind("squeeze", MakeLayerKind("Removes an axis of extent 1.",
                                                             "squeeze: -1", SqueezeFields()));

#if KUR_RUNTIME
class Squeeze : public Layer {
 public:
  Squeeze(const SqueezeSpec& spec, const std::vector<Shape>&, const at::Generator&)
      : axis_(spec.dimension < 0 ? spec.dimension : spec.dimension + 1) {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    return FromKurfileLayout(ToKurfileLayout(inputs[0]).squeeze(axis_));
  }

 private:
  int64_t axis_;  // of a batch
};

const Registration<LayerBuilder> kBuilder("squeeze", MakeLayerBuilder<Squeeze, SqueezeSpec>());
#endif

}  // namespace
}  // namespace kur
