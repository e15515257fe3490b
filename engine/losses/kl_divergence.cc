// kl_divergence: sum_k t_k log(t_k / p_k), averaged over samples and positions.

#include <string>

#include "engine/kurfile/specs/loss_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/xlogy.h>

#include "engine/losses/loss.h"
#endif

namespace kur {
namespace {

struct KlDivergenceSpec : LossSpec {
  std::string kind() const override { return "kl_divergence"; }
  Task task() const override { return Task::kClasses; }
  Probabilities fused_with() const override { return Probabilities::kSoftmax; }
};

const Fields<KlDivergenceSpec>& KlDivergenceFields() {
  static const auto* const kFields = new Fields<KlDivergenceSpec>(LossFields<KlDivergenceSpec>());
  return *kFields;
}

const Registration<LossKind> kKind(
    "kl_divergence",
    MakeKind<LossSpec>("For a distribution over classes: sum t log(t / p) over the last axis, "
                       "where t is the true distribution.",
                       "{target: labels, name: kl_divergence}", KlDivergenceFields()));

#if KUR_RUNTIME
class KlDivergence : public Loss {
 public:
  KlDivergence(const KlDivergenceSpec& spec, const Shape&) : spec_(spec) {}

  bool HasImpossibleTruth() const override { return true; }
  absl::Status CheckTruth(const std::vector<at::Tensor>& truth,
                          const SampleName& name_of) const override {
    return CheckTruthIsDistribution(spec_, truth[0], name_of);
  }

  absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                    const std::vector<at::Tensor>& truth,
                                    bool from_logits) const override {
    const at::Tensor log_probability =
        from_logits ? at::log_softmax(prediction, -1) : prediction.clamp_min(kMinProbability).log();
    const auto positions = static_cast<double>(prediction.numel() / prediction.size(-1));
    // xlogy(0, 0) is 0: a class of true probability 0 adds nothing.
    const at::Tensor divergence = at::xlogy(truth[0], truth[0]) - truth[0] * log_probability;
    return LossValue{divergence.sum() * (1.0 / positions)};
  }

 private:
  KlDivergenceSpec spec_;
};

const Registration<LossBuilder> kBuilder("kl_divergence",
                                         MakeLossBuilder<KlDivergence, KlDivergenceSpec>());
#endif

}  // namespace
}  // namespace kur
