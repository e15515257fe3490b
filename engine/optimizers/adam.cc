// adam: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015.
// adamw: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/specs/optimizer_spec.h"
#if KUR_RUNTIME
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>

#include "engine/base/vector_math.h"
#include "engine/optimizers/optimizer.h"
#endif

namespace kur {
namespace {

struct AdamSpec : OptimizerSpec {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;

  // Each step subtracts this, times the learning rate, times the weights.
  double weight_decay = 0;

  std::string kind() const override { return "adam"; }
  int64_t StateSlots() const override { return 2; }
  // Returns true if the weight decay applies to the weights directly, not through the gradients.
  virtual bool IsDecoupled() const { return false; }
};

struct AdamWSpec : AdamSpec {
  AdamWSpec() { weight_decay = 0.01; }
  std::string kind() const override { return "adamw"; }
  bool IsDecoupled() const override { return true; }
  double WeightDecay() const override { return weight_decay; }
};

template <class Spec>
Fields<Spec> WithMoments(Fields<Spec> fields) {
  return fields.Optional("beta1", &Spec::beta1, "decay of the mean of the gradients", InRange(0, 1))
      .Optional("beta2", &Spec::beta2, "decay of the mean of their squares", InRange(0, 1))
      .Optional("epsilon", &Spec::epsilon, "added to the denominator", Positive());
}

const Fields<AdamSpec>& AdamFields() {
  static const auto* const kFields = new Fields<AdamSpec>(WithMoments(OptimizerFields<AdamSpec>()));
  return *kFields;
}

const Fields<AdamWSpec>& AdamWFields() {
  static const auto* const kFields =
      new Fields<AdamWSpec>(WithMoments(DecoupledOptimizerFields<AdamWSpec>()));
  return *kFields;
}

const Registration<OptimizerKind> kKind(
    "adam", MakeKind<OptimizerSpec>("Steps scaled by running means of gradients and of their "
                                    "squares (Kingma and Ba, 2015).",
                                    "{name: adam, learning_rate: 0.001}", AdamFields()));
const Registration<OptimizerKind> kAdamWKind(
    "adamw", MakeKind<OptimizerSpec>("Adam with weight decay apart from the gradients (Loshchilov "
                                     "and Hutter, 2019).",
                                     "{name: adamw, weight_decay: 0.01}", AdamWFields()));

#if KUR_RUNTIME
// The constants of a step.
struct AdamStep {
  float weight_factor;  // decoupled: 1 - learning rate * weight decay; otherwise 1
  float decay;          // added to the gradient, times the weights
  float beta1;
  float beta2;
  // 1 - beta1 and 1 - beta2, computed in double precision: the float betas would lose digits.
  float one_minus_beta1;
  float one_minus_beta2;
  float step_size;           // learning rate / (1 - beta1^t)
  float inverse_correction;  // 1 / sqrt(1 - beta2^t)
  float epsilon;
};

// Updates in one pass over memory, 28 bytes for each parameter.
KUR_FOR_EACH_PROCESSOR void UpdateElements(const AdamStep& step, int64_t count,
                                           float* __restrict value,
                                           const float* __restrict gradient, float* __restrict mean,
                                           float* __restrict square) {
  for (int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] + step.decay * value[i];
    const float m = step.beta1 * mean[i] + step.one_minus_beta1 * g;
    const float v = step.beta2 * square[i] + step.one_minus_beta2 * g * g;
    mean[i] = m;
    square[i] = v;
    value[i] = step.weight_factor * value[i] -
               step.step_size * m / (std::sqrt(v) * step.inverse_correction + step.epsilon);
  }
}

class Adam : public Optimizer {
 public:
  Adam(const AdamSpec& spec, std::vector<NamedParameter> parameters)
      : Optimizer(spec, std::move(parameters)),
        spec_(spec),
        decoupled_(spec.IsDecoupled()),
        mean_(AddSlot("exp_avg")),
        square_(AddSlot("exp_avg_sq")) {}

 private:
  void Update(size_t parameter, at::Tensor& value, at::Tensor& gradient, int64_t step) override {
    at::Tensor& mean = slot(mean_, parameter);
    at::Tensor& square = slot(square_, parameter);
    const double correction1 = 1 - std::pow(spec_.beta1, static_cast<double>(step));
    const double correction2 = 1 - std::pow(spec_.beta2, static_cast<double>(step));
    const double step_size = learning_rate() / correction1;
    const double weight_factor = decoupled_ ? 1 - learning_rate() * decay() : 1;
    const double added = decoupled_ ? 0 : decay();
    if (CanFuseUpdate(value, gradient) && CanFuseUpdate(mean, square) &&
        mean.strides() == value.strides()) {
      const AdamStep constants = {
          static_cast<float>(weight_factor),   static_cast<float>(added),
          static_cast<float>(spec_.beta1),     static_cast<float>(spec_.beta2),
          static_cast<float>(1 - spec_.beta1), static_cast<float>(1 - spec_.beta2),
          static_cast<float>(step_size),       static_cast<float>(1 / std::sqrt(correction2)),
          static_cast<float>(spec_.epsilon)};
      auto* const v = value.data_ptr<float>();
      const auto* const g = gradient.data_ptr<float>();
      auto* const m = mean.data_ptr<float>();
      auto* const s = square.data_ptr<float>();
      constexpr int64_t kGrain = 32768;
      at::parallel_for(0, value.numel(), kGrain, [&](int64_t begin, int64_t end) {
        UpdateElements(constants, end - begin, v + begin, g + begin, m + begin, s + begin);
      });
      return;
    }
    if (added != 0) gradient.add_(value, added);
    if (weight_factor != 1) value.mul_(weight_factor);
    mean.mul_(spec_.beta1).add_(gradient, 1 - spec_.beta1);
    square.mul_(spec_.beta2).addcmul_(gradient, gradient, 1 - spec_.beta2);
    value.addcdiv_(mean, (square.sqrt() / std::sqrt(correction2)).add_(spec_.epsilon), -step_size);
  }

  AdamSpec spec_;
  bool decoupled_;  // `spec_` is a copy of the base class, which does not know
  size_t mean_;
  size_t square_;
};

const Registration<OptimizerBuilder> kBuilder("adam", MakeOptimizerBuilder<Adam, AdamSpec>());
const Registration<OptimizerBuilder> kAdamWBuilder("adamw",
                                                   MakeOptimizerBuilder<Adam, AdamWSpec>());
#endif

}  // namespace
}  // namespace kur
