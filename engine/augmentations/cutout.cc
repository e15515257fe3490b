// cutout: fills boxes of an image. DeVries and Taylor, "Improved Regularization of Convolutional
// Neural Networks with Cutout", 2017.

#include "engine/augmentations/random_draws.h"
#include "engine/augmentations/transforms.h"
#include "engine/kurfile/specs/augmentation_spec.h"

namespace kur {
namespace {

struct CutoutSpec : ImageAugmentation {
  std::vector<int64_t> size = {8};
  int64_t count = 1;
  double fill = 0;

  std::string kind() const override { return "cutout"; }

  // Draws the center of a box in the image; part of the box may lie outside.
  void Apply(const Shape& extents, Random* random, float* sample) const override {
    for (int64_t i = 0; i < count; ++i) {
      Box box = {0, 0, size.front(), size.back()};
      box.top = DrawInteger(0, extents[0] - 1, random) - box.height / 2;
      box.left = DrawInteger(0, extents[1] - 1, random) - box.width / 2;
      FillBox({extents[0], extents[1], extents[2]}, box, static_cast<float>(fill), sample);
    }
  }
};

const Fields<CutoutSpec>& CutoutFields() {
  static const auto* const kFields = new Fields<CutoutSpec>(
      AugmentationFields<CutoutSpec>()
          .Optional(
              "size", &CutoutSpec::size, "the extent of the box in pixels, or [height, width]",
              Condition<std::vector<int64_t>>{"one extent or [height, width], each at least 1",
                                              [](const std::vector<int64_t>& size) {
                                                return size.size() <= 2 &&
                                                       EachAtLeast(1).holds(size);
                                              }})
          .Optional("count", &CutoutSpec::count, "boxes",
                    Condition<int64_t>{"from 1 to 1000",
                                       [](int64_t count) { return count >= 1 && count <= 1000; }})
          .Optional("fill", &CutoutSpec::fill, "the value that is put there")
          .Shorthand("size"));
  return *kFields;
}

const Registration<AugmentationKind> kKind(
    "cutout", MakeKind<AugmentationSpec>("Blots out boxes of an image (DeVries and Taylor, 2017)",
                                         "cutout: {size: 8}", CutoutFields()));

}  // namespace
}  // namespace kur
