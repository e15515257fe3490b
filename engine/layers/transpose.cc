// transpose: permutes the axes of a sample.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

bool IsPermutation(const std::vector<int64_t>& axes) {
  std::vector<bool> seen(axes.size(), false);
  for (const int64_t axis : axes) {
    if (axis < 0 || axis >= static_cast<int64_t>(axes.size())) return false;
    seen[static_cast<size_t>(axis)] = true;
  }
  for (const bool found : seen) {
    if (!found) return false;
  }
  return true;
}

struct TransposeSpec : LayerSpec {
  std::vector<int64_t> axes;
  bool include_batch = false;

  std::string kind() const override { return "transpose"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    const std::vector<int64_t> order = SampleAxes();
    if (include_batch && axes[0] != 0) {
      return absl::InvalidArgumentError(
          "the batch axis stays first: samples would be mixed otherwise");
    }
    if (order.size() != inputs[0].size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("names ", order.size(), " axes, but the input is ", ToString(inputs[0])));
    }
    Shape shape;
    for (const int64_t axis : order) shape.push_back(inputs[0][static_cast<size_t>(axis)]);
    return shape;
  }

  SavedForBackward SavedTensors(const std::vector<Shape>&) const override {
    return {/*input=*/false, /*output=*/false, /*is_view=*/true};
  }

  // Returns the new order of a sample's axes, without the batch axis.
  std::vector<int64_t> SampleAxes() const {
    if (!include_batch) return axes;
    std::vector<int64_t> order;
    for (const int64_t axis : axes) {
      if (axis > 0) order.push_back(axis - 1);
    }
    return order;
  }
};

const Fields<TransposeSpec>& TransposeFields() {
  static const auto* const kFields = new Fields<TransposeSpec>(
      Fields<TransposeSpec>()
          .Required("axes", &TransposeSpec::axes, "the axes, from 0, in their new order",
                    {"each of 0, 1, 2, ... once",
                     [](const std::vector<int64_t>& axes) {
                       return !axes.empty() && IsPermutation(axes);
                     }})
          .Example("[1, 0]")
          .Optional("include_batch", &TransposeSpec::include_batch,
                    "whether axis 0 is the batch, which must stay first")
          .Shorthand("axes"));
  return *kFields;
}

const Registration<LayerKind> kKind("transpose",
                                    MakeLayerKind("Puts the axes of a sample into another order.",
                                                  "transpose: [1, 0]", TransposeFields()));

#if KUR_RUNTIME
class Transpose : public Layer {
 public:
  Transpose(const TransposeSpec& spec, const std::vector<Shape>&, const at::Generator&) {
    for (const int64_t axis : spec.SampleAxes()) axes_.push_back(axis + 1);
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    return FromKurfileLayout(ToKurfileLayout(inputs[0]).permute(axes_));
  }

 private:
  std::vector<int64_t> axes_ = {0};  // of a batch
};

const Registration<LayerBuilder> kBuilder("transpose",
                                          MakeLayerBuilder<Transpose, TransposeSpec>());
#endif

}  // namespace
}  // namespace kur
