// reuse: applies a layer again, with the same weights. Has no builder, as the expansion of the
// model replaces it (see model_reuse.h).

#include <string>
#include <vector>

#include "engine/kurfile/specs/layer_spec.h"

namespace kur {
namespace {

struct ReuseSpec : LayerSpec {
  std::string target;

  std::string kind() const override { return "reuse"; }
  std::string ReuseTarget() const override { return target; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>&) const override {
    return absl::InternalError("a 'reuse' was left in the model");
  }
};

const Fields<ReuseSpec>& ReuseFields() {
  static const auto* const kFields = new Fields<ReuseSpec>(
      Fields<ReuseSpec>()
          .Required("target", &ReuseSpec::target,
                    "the name of a layer, or of an operator or template with all its layers",
                    {"a name", [](const std::string& target) { return !target.empty(); }})
          .Example("encoder")
          .Shorthand("target"));
  return *kFields;
}

const Registration<LayerKind> kKind("reuse",
                                    MakeLayerKind("Applies a layer of the model again, with the "
                                                  "same weights.",
                                                  "reuse: encoder", ReuseFields()));

}  // namespace
}  // namespace kur
