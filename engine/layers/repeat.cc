// repeat: repeats a vector as the steps of a sequence.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct RepeatSpec : LayerSpec {
  int64_t count = 1;

  std::string kind() const override { return "repeat"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    if (inputs[0].size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat("repeats vectors, but the input is ",
                                                     ToString(inputs[0]),
                                                     "; put a 'flatten' before it"));
    }
    return Shape{count, inputs[0][0]};
  }

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    return {/*input=*/false, /*output=*/false, /*is_view=*/true};
  }
};

const Fields<RepeatSpec>& RepeatFields() {
  static const auto* const kFields = new Fields<RepeatSpec>(
      Fields<RepeatSpec>()
          .Required("count", &RepeatSpec::count, "how many times", AtLeast(1))
          .Example("10")
          .Shorthand("count"));
  return *kFields;
}

const Registration<LayerKind> kKind("repeat",
                                    MakeLayerKind("Makes a sequence of a vector by repeating it.",
                                                  "repeat: 10", RepeatFields()));

#if KUR_RUNTIME
class Repeat : public Layer {
 public:
  Repeat(const RepeatSpec& spec, const std::vector<Shape>&, const at::Generator&)
      : count_(spec.count) {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    return inputs[0].unsqueeze(1).expand({-1, count_, -1});
  }

 private:
  int64_t count_;
};

const Registration<LayerBuilder> kBuilder("repeat", MakeLayerBuilder<Repeat, RepeatSpec>());
#endif

}  // namespace
}  // namespace kur
