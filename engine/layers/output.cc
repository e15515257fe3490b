// output: names a tensor as an output of the model.

#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct OutputSpec : LayerSpec {
  std::optional<std::string> name;

  std::string kind() const override { return "output"; }
  bool IsOutput() const override { return true; }
  bool IsIdentity() const override { return true; }
  std::string NameFromArguments() const override { return name.value_or(""); }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    return inputs[0];
  }

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    return {/*input=*/false, /*output=*/false, /*is_view=*/true};
  }
};

const Fields<OutputSpec>& OutputFields() {
  static const auto* const kFields = new Fields<OutputSpec>(
      Fields<OutputSpec>()
          .Optional("name", &OutputSpec::name, "its name; the same as `name` beside it")
          .Example("labels")
          .Shorthand("name"));
  return *kFields;
}

const Registration<LayerKind> kKind("output",
                                    MakeLayerKind("Names what the layer before it gives as an "
                                                  "output of the model.",
                                                  "output: labels", OutputFields()));

#if KUR_RUNTIME
class Output : public Layer {
 public:
  Output(const OutputSpec&, const std::vector<Shape>&, const at::Generator&) {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    return inputs[0];
  }
};

const Registration<LayerBuilder> kBuilder("output", MakeLayerBuilder<Output, OutputSpec>());
#endif

}  // namespace
}  // namespace kur
