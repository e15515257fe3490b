// rotate: rotates images by a random angle.

#include "engine/augmentations/random_draws.h"
#include "engine/augmentations/transforms.h"
#include "engine/kurfile/specs/augmentation_spec.h"

namespace kur {
namespace {

struct RotateSpec : ImageAugmentation {
  double degrees = 15;
  double fill = 0;

  std::string kind() const override { return "rotate"; }

  void Apply(const Shape& extents, Random* random, float* sample) const override {
    RotateImage({extents[0], extents[1], extents[2]}, DrawBetween(-degrees, degrees, random),
                static_cast<float>(fill), sample);
  }
};

const Fields<RotateSpec>& RotateFields() {
  static const auto* const kFields = new Fields<RotateSpec>(
      AugmentationFields<RotateSpec>()
          .Optional("degrees", &RotateSpec::degrees, "the largest angle, in either direction",
                    Condition<double>{"greater than 0 and at most 180",
                                      [](double angle) { return angle > 0 && angle <= 180; }})
          .Optional("fill", &RotateSpec::fill, "the value of what comes in over the edge")
          .Shorthand("degrees"));
  return *kFields;
}

const Registration<AugmentationKind> kKind(
    "rotate", MakeKind<AugmentationSpec>("Turns an image about its center", "rotate: {degrees: 15}",
                                         RotateFields()));

}  // namespace
}  // namespace kur
