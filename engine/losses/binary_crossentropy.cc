// binary_crossentropy: -(t log p + (1 - t) log(1 - p)), averaged over all elements.

#include <string>

#include "engine/kurfile/specs/loss_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/ops/binary_cross_entropy.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>

#include "engine/losses/loss.h"
#endif

namespace kur {
namespace {

struct BinaryCrossentropySpec : LossSpec {
  std::string kind() const override { return "binary_crossentropy"; }
  Task task() const override { return Task::kYesOrNo; }
  Probabilities fused_with() const override { return Probabilities::kSigmoid; }
};

const Fields<BinaryCrossentropySpec>& BinaryCrossentropyFields() {
  static const auto* const kFields =
      new Fields<BinaryCrossentropySpec>(WithClassWeights(LossFields<BinaryCrossentropySpec>()));
  return *kFields;
}

const Registration<LossKind> kKind(
    "binary_crossentropy",
    MakeKind<LossSpec>("For yes or no, in each element: -(t log p + (1 - t) log(1 - p)), averaged "
                       "over all elements, where t is 0 or 1.",
                       "{target: spam, name: binary_crossentropy}", BinaryCrossentropyFields()));

#if KUR_RUNTIME
class BinaryCrossentropy : public Loss {
 public:
  BinaryCrossentropy(const BinaryCrossentropySpec& spec, const Shape&) : spec_(spec) {}

  bool HasImpossibleTruth() const override { return true; }
  absl::Status CheckTruth(const std::vector<at::Tensor>& truth,
                          const SampleName& name_of) const override {
    return CheckTruthIsWithin(spec_, truth[0], 0, 1, name_of,
                              "which is neither yes (1) nor no (0), nor between");
  }

  absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                    const std::vector<at::Tensor>& truth,
                                    bool from_logits) const override {
    return LossValue{Compute(prediction, truth[0], from_logits, at::Reduction::Mean)};
  }

  at::Tensor ComputeEach(const at::Tensor& prediction, const std::vector<at::Tensor>& truth,
                         bool from_logits) const override {
    return Compute(prediction, truth[0], from_logits, at::Reduction::None);
  }

 private:
  static at::Tensor Compute(const at::Tensor& prediction, const at::Tensor& truth, bool from_logits,
                            int64_t reduction) {
    if (from_logits) {
      return at::binary_cross_entropy_with_logits(prediction, truth, {}, {}, reduction);
    }
    return at::binary_cross_entropy(prediction.clamp(kMinProbability, 1 - kMinProbability), truth,
                                    {}, reduction);
  }

  BinaryCrossentropySpec spec_;
};

const Registration<LossBuilder> kBuilder(
    "binary_crossentropy", MakeLossBuilder<BinaryCrossentropy, BinaryCrossentropySpec>());
#endif

}  // namespace
}  // namespace kur
