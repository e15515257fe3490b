// categorical_crossentropy: -sum_k t_k log p_k, averaged over samples and positions.

#include <string>

#include "engine/kurfile/loss_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>

#include "engine/losses/loss.h"
#endif

namespace kur {
namespace {

struct CategoricalCrossentropySpec : LossSpec {
  std::string kind() const override { return "categorical_crossentropy"; }
};

const Fields<CategoricalCrossentropySpec>& CategoricalCrossentropyFields() {
  static const auto* const kFields =
      new Fields<CategoricalCrossentropySpec>(LossFields<CategoricalCrossentropySpec>());
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
  explicit CategoricalCrossentropy(const CategoricalCrossentropySpec&) {}

  bool PrefersLogits() const override { return true; }

  at::Tensor Compute(const at::Tensor& prediction, const at::Tensor& truth,
                     bool from_logits) const override {
    // Keeps log() finite where a probability has been rounded to zero.
    constexpr double kLeastProbability = 1e-7;
    const at::Tensor log_probability = from_logits ? at::log_softmax(prediction, -1)
                                                   : prediction.clamp_min(kLeastProbability).log();
    const auto positions = static_cast<double>(truth.numel() / truth.size(-1));
    return (log_probability * truth).sum() * (-1.0 / positions);
  }

  void Measure(const at::Tensor& prediction, const at::Tensor& truth,
               MetricSums* metrics) const override {
    const at::Tensor hits = prediction.argmax(-1) == truth.argmax(-1);
    MetricSum& accuracy = (*metrics)["accuracy"];
    accuracy.sum += static_cast<double>(hits.sum().item<int64_t>());
    accuracy.count += hits.numel();
  }
};

const Registration<LossBuilder> kBuilder(
    "categorical_crossentropy",
    MakeLossBuilder<CategoricalCrossentropy, CategoricalCrossentropySpec>());
#endif

}  // namespace
}  // namespace kur
