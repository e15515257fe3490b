// color: changes brightness, contrast and saturation.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/augmentations/random_draws.h"
#include "engine/augmentations/transforms.h"
#include "engine/base/status.h"
#include "engine/kurfile/specs/augmentation_spec.h"

namespace kur {
namespace {

struct ColorSpec : ImageAugmentation {
  double brightness = 0.2;
  double contrast = 0.2;
  double saturation = 0.2;

  std::string kind() const override { return "color"; }

  absl::Status CheckSample(const Shape& shape) const override {
    KUR_RETURN_IF_ERROR(ImageAugmentation::CheckSample(shape));
    if (shape[2] == 1 || shape[2] == 3) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("changes images of 1 or 3 channels, not of ", shape[2]));
  }

  void Apply(const Shape& extents, Random* random, float* sample) const override {
    ColorFactors factors;
    factors.brightness = DrawFactor(brightness, random);
    factors.contrast = DrawFactor(contrast, random);
    factors.saturation = DrawFactor(saturation, random);
    AdjustColor({extents[0], extents[1], extents[2]}, factors, sample);
  }

 private:
  static float DrawFactor(double change, Random* random) {
    return static_cast<float>(DrawBetween(std::max(0.0, 1 - change), 1 + change, random));
  }
};

const Fields<ColorSpec>& ColorFields() {
  static const auto* const kFields = new Fields<ColorSpec>(
      AugmentationFields<ColorSpec>()
          .Optional("brightness", &ColorSpec::brightness,
                    "by how much of itself the image becomes lighter or darker at most",
                    NotNegative())
          .Optional("contrast", &ColorSpec::contrast,
                    "by how much its differences from the mean grow or shrink at most",
                    NotNegative())
          .Optional("saturation", &ColorSpec::saturation,
                    "by how much its colors' differences from gray grow or shrink at most",
                    NotNegative()));
  return *kFields;
}

const Registration<AugmentationKind> kKind(
    "color",
    MakeKind<AugmentationSpec>("Changes the brightness, contrast and saturation of an image",
                               "color: {brightness: 0.4, contrast: 0.4, saturation: 0.4}",
                               ColorFields()));

}  // namespace
}  // namespace kur
