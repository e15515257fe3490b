// flip: mirrors images.

#include "engine/augmentations/transforms.h"
#include "engine/kurfile/specs/augmentation_spec.h"

namespace kur {
namespace {

struct FlipSpec : ImageAugmentation {
  FlipSpec() { probability = 0.5; }

  std::string axis = "horizontal";

  std::string kind() const override { return "flip"; }

  void Apply(const Shape& extents, Random*, float* sample) const override {
    const ImageExtents image = {extents[0], extents[1], extents[2]};
    if (axis == "horizontal") {
      FlipHorizontally(image, sample);
    } else {
      FlipVertically(image, sample);
    }
  }
};

const Fields<FlipSpec>& FlipFields() {
  static const auto* const kFields =
      new Fields<FlipSpec>(AugmentationFields<FlipSpec>()
                               .Choice("axis", &FlipSpec::axis, {"horizontal", "vertical"},
                                       "along which it is mirrored: left to right, or upside down")
                               .Shorthand("axis"));
  return *kFields;
}

const Registration<AugmentationKind> kKind("flip",
                                           MakeKind<AugmentationSpec>("Mirrors an image",
                                                                      "flip: {axis: horizontal}",
                                                                      FlipFields()));

}  // namespace
}  // namespace kur
