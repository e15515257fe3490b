// mixup: mixes each sample with another one of its batch. Zhang et al., "mixup: Beyond Empirical
// Risk Minimization", 2018.

#include <cmath>

#include "engine/kurfile/specs/augmentation_spec.h"

namespace kur {
namespace {

// Draws from the gamma distribution of that shape and the scale 1 (Marsaglia and Tsang, "A Simple
// Method for Generating Gamma Variables", 2000).
double DrawGamma(double shape, Random* random) {
  if (shape < 1) {
    return DrawGamma(shape + 1, random) * std::pow(1 - random->Uniform(), 1 / shape);
  }
  const double d = shape - 1.0 / 3;
  while (true) {
    const double x = random->Normal();
    const double v = std::pow(1 + x / std::sqrt(9 * d), 3);
    if (v > 0 && std::log(1 - random->Uniform()) < x * x / 2 + d * (1 - v + std::log(v))) {
      return d * v;
    }
  }
}

struct MixupSpec : AugmentationSpec {
  double alpha = 0.2;

  std::string kind() const override { return "mixup"; }
  absl::Status CheckSample(const Shape&) const override { return absl::OkStatus(); }
  bool MixesSamples() const override { return true; }

  double DrawShare(Random* random) const override {
    const double own = DrawGamma(alpha, random);
    const double sum = own + DrawGamma(alpha, random);
    // For a small alpha both can underflow to 0.
    return sum > 0 ? own / sum : 1;
  }
};

const Fields<MixupSpec>& MixupFields() {
  static const auto* const kFields = new Fields<MixupSpec>(
      Fields<MixupSpec>()
          .Optional("alpha", &MixupSpec::alpha,
                    "the shares come from the distribution Beta(alpha, alpha): near 0 few samples "
                    "are mixed much, at 1 all shares are as likely",
                    Positive())
          .Optional("probability", &MixupSpec::probability, "of a sample being mixed",
                    Condition<double>{"from 0 to 1",
                                      [](double value) { return value >= 0 && value <= 1; }})
          .Shorthand("alpha"));
  return *kFields;
}

const Registration<AugmentationKind> kKind(
    "mixup", MakeKind<AugmentationSpec>("Mixes every sample, and its truth, with one of its "
                                        "batch, which may be itself (Zhang et al., 2018)",
                                        "mixup: {alpha: 0.2}", MixupFields()));

}  // namespace
}  // namespace kur
