// merge: concatenates, adds, multiplies or averages tensors.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct MergeSpec : LayerSpec {
  std::string mode = "concat";
  int64_t axis = -1;

  std::string kind() const override { return "merge"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    if (inputs.size() < 2) {
      return absl::InvalidArgumentError(absl::StrCat("merges two or more inputs, but has ",
                                                     inputs.size(), "; name them with 'inputs'"));
    }
    const auto rank = static_cast<int64_t>(inputs[0].size());
    const bool concat = mode == "concat";
    if (concat && (axis >= rank || axis < -rank)) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no axis ", axis, " in an input ", ToString(inputs[0])));
    }
    const auto joined = static_cast<size_t>(axis < 0 ? axis + rank : axis);
    Shape shape = inputs[0];
    for (size_t i = 1; i < inputs.size(); ++i) {
      bool fits = inputs[i].size() == shape.size();
      for (size_t j = 0; fits && j < shape.size(); ++j) {
        const int64_t extent = inputs[i][j];
        if (concat && j == joined) {
          shape[j] = shape[j] == kUnknown || extent == kUnknown ? kUnknown : shape[j] + extent;
        } else if (shape[j] == kUnknown) {
          shape[j] = extent;
        } else {
          fits = extent == kUnknown || extent == shape[j];
        }
      }
      if (!fits) {
        return absl::InvalidArgumentError(absl::StrCat(
            "the shapes ", ToString(inputs[0]), " and ", ToString(inputs[i]),
            concat ? absl::StrCat(" differ in more than axis ", axis) : " are not the same"));
      }
    }
    return shape;
  }

  bool OutputIsOverwritable() const override { return true; }

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    return {/*input=*/mode == "multiply"};
  }
};

const Fields<MergeSpec>& MergeFields() {
  static const auto* const kFields = new Fields<MergeSpec>(
      Fields<MergeSpec>()
          .Choice("mode", &MergeSpec::mode, {"concat", "add", "multiply", "average"},
                  "how: joined along an axis, or element by element")
          .Optional("axis", &MergeSpec::axis,
                    "concat: the axis, from 0; negative: counted from behind")
          .Shorthand("mode"));
  return *kFields;
}

const Registration<LayerKind> kKind("merge", MakeLayerKind("Makes one tensor of several.",
                                                           "merge: concat", MergeFields()));

#if KUR_RUNTIME
class Merge : public Layer {
 public:
  Merge(const MergeSpec& spec, const std::vector<Shape>&, const at::Generator&)
      : mode_(spec.mode), axis_(spec.axis < 0 ? spec.axis : spec.axis + 1) {}

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    if (mode_ == "concat") {
      std::vector<at::Tensor> parts;
      for (const at::Tensor& input : inputs) parts.push_back(ToKurfileLayout(input));
      return FromKurfileLayout(at::cat(parts, axis_));
    }
    at::Tensor result = inputs[0];
    for (size_t i = 1; i < inputs.size(); ++i) {
      result = mode_ == "multiply" ? result * inputs[i] : result + inputs[i];
    }
    return mode_ == "average" ? result / static_cast<double>(inputs.size()) : result;
  }

 private:
  std::string mode_;
  int64_t axis_;  // of a batch
};

const Registration<LayerBuilder> kBuilder("merge", MakeLayerBuilder<Merge, MergeSpec>());
#endif

}  // namespace
}  // namespace kur
