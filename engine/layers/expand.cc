// expand: inserts an axis of extent 1.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct ExpandSpec : LayerSpec {
  int64_t dimension = 0;

  std::string kind() const override { return "expand"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    const auto rank = static_cast<int64_t>(inputs[0].size());
    if (dimension > rank || dimension < -rank - 1) {
      return absl::InvalidArgumentError(absl::StrCat("an axis can be inserted at ", -rank - 1,
                                                     " to ", rank, " of an input ",
                                                     ToString(inputs[0]), ", not at ", dimension));
    }
    Shape shape = inputs[0];
    shape.insert(shape.begin() + (dimension < 0 ? dimension + rank + 1 : dimension), 1);
    return shape;
  }

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    return {/*input=*/false, /*output=*/false, /*is_view=*/true};
  }
};

const Fields<ExpandSpec>& ExpandFields() {
  static const auto* const kFields = new Fields<ExpandSpec>(
      Fields<ExpandSpec>()
          .Required("dimension", &ExpandSpec::dimension,
                    "where the new axis stands, from 0; negative: counted from behind")
          .Example("-1")
          .Shorthand("dimension"));
  return *kFields;
}

const Registration<LayerKind> kKind("expand", MakeLayerKind("Inserts an axis of extent 1.",
                                                            "expand: -1", ExpandFields()));

#if KUR_RUNTIME
class Expand : public Layer {
 public:
  Expand(const ExpandSpec& spec, const std::vector<Shape>&, const at::Generator&)
      : axis_(spec.dimension < 0 ? spec.dimension : spec.dimension + 1) {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    return FromKurfileLayout(ToKurfileLayout(inputs[0]).unsqueeze(axis_));
  }

 private:
  int64_t axis_;  // of a batch
};

const Registration<LayerBuilder> kBuilder("expand", MakeLayerBuilder<Expand, ExpandSpec>());
#endif

}  // namespace
}  // namespace kur
