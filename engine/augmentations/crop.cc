// crop: crops padded images at random. He et al., "Deep Residual Learning for Image Recognition",
// 2015, as for CIFAR-10.

#include "engine/augmentations/random_draws.h"
#include "engine/augmentations/transforms.h"
#include "engine/kurfile/specs/augmentation_spec.h"

namespace kur {
namespace {

struct CropSpec : ImageAugmentation {
  int64_t padding = 4;
  double fill = 0;

  std::string kind() const override { return "crop"; }

  // Shifts the image, which equals a crop of the padded image.
  void Apply(const Shape& extents, Random* random, float* sample) const override {
    const int64_t down = DrawInteger(-padding, padding, random);
    const int64_t right = DrawInteger(-padding, padding, random);
    ShiftImage({extents[0], extents[1], extents[2]}, down, right, static_cast<float>(fill), sample);
  }
};

const Fields<CropSpec>& CropFields() {
  static const auto* const kFields = new Fields<CropSpec>(
      AugmentationFields<CropSpec>()
          .Optional(
              "padding", &CropSpec::padding, "pixels that are added on every side",
              Condition<int64_t>{"from 1 to 10000",
                                 [](int64_t pixels) { return pixels >= 1 && pixels <= 10'000; }})
          .Optional("fill", &CropSpec::fill, "their value")
          .Shorthand("padding"));
  return *kFields;
}

const Registration<AugmentationKind> kKind(
    "crop", MakeKind<AugmentationSpec>(
                "Pads an image and cuts a piece of its own size out of it (He et al., 2015)",
                "crop: {padding: 4}", CropFields()));

}  // namespace
}  // namespace kur
