// categorical_crossentropy: -sum_k t_k log p_k, averaged over samples and positions.

#include <string>

#include "engine/kurfile/specs/loss_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>

#include "engine/losses/loss.h"
#include "engine/losses/softmax_crossentropy.h"
#endif

namespace kur {
namespace {

struct CategoricalCrossentropySpec : LossSpec {
  std::string kind() const override { return "categorical_crossentropy"; }
  Task task() const override { return Task::kClasses; }
  Probabilities fused_with() const override { return Probabilities::kSoftmax; }
};

const Fields<CategoricalCrossentropySpec>& CategoricalCrossentropyFields() {
  static const auto* const kFields = new Fields<CategoricalCrossentropySpec>(
      WithClassWeights(LossFields<CategoricalCrossentropySpec>()));
  return *kFields;
}

const Registration<LossKind> kKind(
    "categorical_crossentropy",
    MakeKind<LossSpec>("For one class out of several: -sum t log p over the last axis, where t is "
                       "the one-hot truth.",
                       "{target: labels, name: categorical_crossentropy}",
                       CategoricalCrossentropyFields()));

#if KUR_RUNTIME
class CategoricalCrossentropy : public Loss {
 public:
  CategoricalCrossentropy(const CategoricalCrossentropySpec& spec, const Shape&) : spec_(spec) {}

  bool HasImpossibleTruth() const override { return true; }
  absl::Status CheckTruth(const std::vector<at::Tensor>& truth,
                          const SampleName& name_of) const override {
    return CheckTruthIsDistribution(spec_, truth[0], name_of);
  }

  absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                    const std::vector<at::Tensor>& truth,
                                    bool from_logits) const override {
    if (from_logits && CanFuseSoftmaxCrossentropy(prediction, truth[0])) {
      return LossValue{SoftmaxCrossentropy(prediction, truth[0])};
    }
    const at::Tensor log_probability = LogProbability(prediction, from_logits);
    const int64_t positions = prediction.numel() / prediction.size(-1);
    return LossValue{(log_probability * truth[0]).sum() * (-1.0 / static_cast<double>(positions))};
  }

  at::Tensor ComputeEach(const at::Tensor& prediction, const std::vector<at::Tensor>& truth,
                         bool from_logits) const override {
    return -(LogProbability(prediction, from_logits) * truth[0]).sum(-1);
  }

 private:
  static at::Tensor LogProbability(const at::Tensor& prediction, bool from_logits) {
    return from_logits ? at::log_softmax(prediction, -1)
                       : prediction.clamp_min(kMinProbability).log();
  }

  CategoricalCrossentropySpec spec_;
};

const Registration<LossBuilder> kBuilder(
    "categorical_crossentropy",
    MakeLossBuilder<CategoricalCrossentropy, CategoricalCrossentropySpec>());
#endif

}  // namespace
}  // namespace kur
