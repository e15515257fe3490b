// input: feeds a data source into the model.

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct InputSpec : LayerSpec {
  std::optional<std::string> name;
  std::optional<std::vector<std::optional<int64_t>>> shape;
  std::optional<std::string> type;

  std::string kind() const override { return "input"; }
  bool IsInput() const override { return true; }
  std::string NameFromArguments() const override { return name.value_or(""); }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>&) const override {
    if (!shape.has_value()) {
      return absl::FailedPreconditionError("the shape of the input comes from the data");
    }
    Shape extents;
    for (const auto& extent : *shape) extents.push_back(extent.value_or(kUnknown));
    if (extents.empty()) extents.push_back(1);
    return extents;
  }
};

const Fields<InputSpec>& InputFields() {
  static const auto* const kFields = new Fields<InputSpec>(
      Fields<InputSpec>()
          .Optional("name", &InputSpec::name, "the data source; the same as `name` beside it")
          .Example("images")
          .Optional("shape", &InputSpec::shape,
                    "shape of one sample, null for an axis that varies; default: that of the data",
                    {"positive",
                     [](const std::optional<std::vector<std::optional<int64_t>>>& shape) {
                       if (!shape.has_value()) return true;
                       for (const auto& extent : *shape) {
                         if (extent.value_or(1) < 1) return false;
                       }
                       return true;
                     }})
          .Example("[28, 28, 1]")
          .Optional("type", &InputSpec::type, "accepted for compatibility, not used")
          .Example("float32")
          .Shorthand("name"));
  return *kFields;
}

const Registration<LayerKind> kKind("input", MakeLayerKind("Where data enters the model; the name "
                                                           "is that of a data source.",
                                                           "input: images", InputFields()));
const Registration<LayerKind> kOtherName("placeholder",
                                         MakeLayerKind("Another name for `input`.",
                                                       "placeholder: images", InputFields()));

#if KUR_RUNTIME
class Input : public Layer {
 public:
  Input(const InputSpec&, const std::vector<Shape>&, const at::Generator&) {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    return inputs[0];
  }
};

const Registration<LayerBuilder> kBuilder("input", MakeLayerBuilder<Input, InputSpec>());
#endif

}  // namespace
}  // namespace kur
