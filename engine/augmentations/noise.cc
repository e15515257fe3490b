// noise: adds normally distributed noise.

#include "engine/kurfile/specs/augmentation_spec.h"

namespace kur {
namespace {

struct NoiseSpec : AugmentationSpec {
  double std = 0.1;

  std::string kind() const override { return "noise"; }

  absl::Status CheckSample(const Shape&) const override { return absl::OkStatus(); }

  void Apply(const Shape& extents, Random* random, float* sample) const override {
    const int64_t size = NumElements(extents);
    for (int64_t i = 0; i < size; ++i) sample[i] += static_cast<float>(std * random->Normal());
  }
};

const Fields<NoiseSpec>& NoiseFields() {
  static const auto* const kFields = new Fields<NoiseSpec>(
      AugmentationFields<NoiseSpec>()
          .Optional("std", &NoiseSpec::std, "the standard deviation of the noise", Positive())
          .Shorthand("std"));
  return *kFields;
}

const Registration<AugmentationKind> kKind(
    "noise", MakeKind<AugmentationSpec>("Adds normally distributed noise to every value",
                                        "noise: {std: 0.1}", NoiseFields()));

}  // namespace
}  // namespace kur
