// time_mask: fills ranges of steps of a sequence. Park et al., "SpecAugment: A Simple Data
// Augmentation Method for Automatic Speech Recognition", 2019.

#include <algorithm>

#include "engine/augmentations/random_draws.h"
#include "engine/augmentations/transforms.h"
#include "engine/kurfile/specs/augmentation_spec.h"

namespace kur {
namespace {

struct TimeMaskSpec : SequenceAugmentation {
  int64_t size = 10;
  int64_t count = 1;
  double fill = 0;

  std::string kind() const override { return "time_mask"; }

  void Apply(const Shape& extents, Random* random, float* sample) const override {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t length = DrawInteger(0, std::min(size, extents[0]), random);
      const int64_t first = DrawInteger(0, extents[0] - length, random);
      const Box box = {first, 0, length, extents[1]};
      FillBox({extents[0], extents[1], 1}, box, static_cast<float>(fill), sample);
    }
  }
};

const Fields<TimeMaskSpec>& TimeMaskFields() {
  static const auto* const kFields = new Fields<TimeMaskSpec>(
      AugmentationFields<TimeMaskSpec>()
          .Optional("size", &TimeMaskSpec::size, "the most frames that are blotted out", AtLeast(1))
          .Optional("count", &TimeMaskSpec::count, "how many times that is done",
                    Condition<int64_t>{"from 1 to 1000",
                                       [](int64_t count) { return count >= 1 && count <= 1000; }})
          .Optional("fill", &TimeMaskSpec::fill, "the value that is put there")
          .Shorthand("size"));
  return *kFields;
}

const Registration<AugmentationKind> kKind(
    "time_mask", MakeKind<AugmentationSpec>(
                     "Blots out stretches of time of a sequence (SpecAugment: Park et al., 2019)",
                     "time_mask: {size: 10}", TimeMaskFields()));

}  // namespace
}  // namespace kur
